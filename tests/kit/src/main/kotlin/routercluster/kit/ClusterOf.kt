package routercluster.kit

import com.typesafe.config.ConfigFactory
import routercluster.grains.cluster.ClusterStatus
import routercluster.silo.RunningSilo
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.ClusterTls
import routercluster.silo.config.Joining
import routercluster.silo.config.NodeAddress
import routercluster.silo.config.Role
import routercluster.silo.config.SiloConfig
import routercluster.silo.silo
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/**
 * A cluster of [count] nodes in this JVM, each on a free port of loopback, all of them in when this returns. Nodes keep their index
 * for good.
 *
 * ```
 * ClusterOf(3) { it.grains.host(kind) }.use { cluster ->
 *     cluster.kill(1)
 *     cluster.await("node 0 knows of two") { cluster.status(0).members.size == 2 }
 *     cluster.start()
 * }
 * ```
 *
 * @param roles of the nodes that are started without some of their own
 * @param version of the nodes that are started without one of their own
 * @param prepare what to do with each node before it is used, such as hosting grains
 */
class ClusterOf(
    count: Int,
    private val roles: Set<Role> = Role.entries.toSet(),
    private val name: String = "test",
    private val tls: ClusterTls? = null,
    private val overrides: String = "",
    private val version: String = "0.0.0",
    private val prepare: (RunningSilo) -> Unit = {},
) : AutoCloseable {
    private val nodes = mutableListOf<RunningSilo>()
    private val gone = mutableSetOf<Int>()

    /** Nodes that were neither stopped nor killed. */
    val alive: List<RunningSilo> get() = nodes.filterIndexed { index, _ -> index !in gone }

    init {
        repeat(count) { start() }
    }

    operator fun get(index: Int): RunningSilo = nodes[index]

    /** One more node, in the cluster when this returns. */
    fun start(roles: Set<Role> = this.roles, version: String = this.version): RunningSilo {
        val node = open(roles, version)
        node.joined.toCompletableFuture().get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
        return node
    }

    private fun open(roles: Set<Role>, version: String): RunningSilo {
        val seeds = alive.mapNotNull { it.address }.map { NodeAddress(it.substringBeforeLast(':'), it.substringAfterLast(':').toInt()) }
        val cluster = ClusterConfig(name, roles, joining = Joining.Seeds(seeds), tls = tls)
        val own = ConfigFactory.parseString(overrides).withFallback(ConfigFactory.parseString(KILLABLE))
        val node = silo(SiloConfig(cluster, version, overrides = own))
        nodes += node
        prepare(node)
        return node
    }

    /** Has the node leave: its doors drain, its grains move. Returns when it has ended. */
    fun stop(index: Int) {
        gone += index
        nodes[index].close()
    }

    /** Ends the node's actors at once. It says good-bye to nobody, and nothing moves before the others have given it up. */
    fun kill(index: Int) {
        gone += index
        nodes[index].system.terminate()
        nodes[index]
            .system
            .getWhenTerminated()
            .toCompletableFuture()
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
    }

    /** The cluster as the node sees it. */
    fun status(index: Int): ClusterStatus =
        nodes[index]
            .view
            .status()
            .toCompletableFuture()
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)

    /**
     * Returns when [isSo], which is looked at again and again.
     *
     * @param what is waited for, in words for the failure
     */
    fun await(what: String, atMost: Duration = PATIENCE, isSo: () -> Boolean) {
        val end = System.nanoTime() + atMost.toNanos()
        while (!isSo()) {
            check(System.nanoTime() < end) { "not so within ${atMost.toSeconds()} s: $what" }
            CompletableFuture.runAsync({}, LOOK_LATER).join()
        }
    }

    /** Kills what is left. */
    override fun close() = nodes.indices.filterNot { it in gone }.forEach(::kill)

    private companion object {
        val PATIENCE: Duration = Duration.ofSeconds(60)
        val LOOK_LATER = CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS)

        /** So that ending the actors of a node does not make it leave first; warnings only, since a node's log is long; news travel fast. */
        const val KILLABLE = """
            pekko.coordinated-shutdown.run-by-actor-system-terminate = off
            pekko.loglevel = WARNING
            pekko.cluster.gossip-interval = 200 ms
            pekko.cluster.leader-actions-interval = 200 ms
            pekko.cluster.periodic-tasks-initial-delay = 100 ms
        """
    }
}
