package routercluster.silo

import com.typesafe.config.ConfigFactory
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Joining
import routercluster.silo.config.NodeAddress
import routercluster.silo.config.SiloConfig
import routercluster.silo.join.Resolve
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/** Nodes of a test, which end with it. */
internal class Nodes : AutoCloseable {
    private val open = mutableListOf<RunningSilo>()

    fun open(cluster: ClusterConfig?, resolve: Resolve = { emptyList() }): RunningSilo =
        silo(SiloConfig(cluster, "1.2.3", overrides = ConfigFactory.parseString(QUICK)), resolve).also(open::add)

    override fun close() {
        open.forEach { it.system.terminate() }
        open.forEach { it.ended.get() }
    }

    private companion object {
        const val QUICK = """
            pekko.coordinated-shutdown.run-by-actor-system-terminate = off
            pekko.loglevel = WARNING
            pekko.cluster.seed-node-timeout = 1 s
            pekko.cluster.gossip-interval = 200 ms
            pekko.cluster.leader-actions-interval = 200 ms
            pekko.cluster.periodic-tasks-initial-delay = 100 ms
        """
    }
}

internal const val PATIENCE_SECONDS = 40L

internal fun <T> CompletionStage<T>.get(): T = toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)

/** To join through [this] node. */
internal fun RunningSilo.asSeed(): Joining {
    val address = checkNotNull(address)
    return Joining.Seeds(listOf(NodeAddress(address.substringBeforeLast(':'), address.substringAfterLast(':').toInt())))
}
