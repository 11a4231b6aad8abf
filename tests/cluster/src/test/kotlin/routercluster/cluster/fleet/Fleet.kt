package routercluster.cluster.fleet

import routercluster.cluster.node.NodeArguments
import routercluster.kit.load.DoorClient
import routercluster.kit.load.Exchange
import routercluster.kit.process.NodePorts
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.RedisProcess
import routercluster.kit.process.Relay
import routercluster.kit.process.freePort
import java.net.InetSocketAddress
import java.net.URI
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap

/**
 * Nodes as processes, each at addresses of its own, and one Redis. Relays stand between the nodes, and between them and Redis, so that
 * a test can cut or slow down either. Skips the calling test, visibly, where Redis is not installed.
 *
 * @param idle time after which a conversation goes to sleep
 */
class Fleet(size: Int, private val idle: Duration = Duration.ofMinutes(5)) : AutoCloseable {
    val redis = RedisProcess.start()
    val redisWay = Relay(InetSocketAddress(RedisProcess.HOST, freePort()), InetSocketAddress(RedisProcess.HOST, redis.port))
    private val net = LoopbackNet()
    private val clusterPort = freePort(net.outside(0))
    private val ways = List(size) { Relay(InetSocketAddress(net.outside(it), clusterPort), InetSocketAddress(net.inside(it), clusterPort)) }
    val nodes = List(size, ::node)

    private val held = ConcurrentHashMap.newKeySet<Int>()

    /** Doors that clients know of: those of the nodes that run, as whoever looks after their health would tell. */
    private val doors: List<URI> get() = nodes.filterIndexed { index, node -> node.isAlive && index !in held }.map { it.door }
    private val client = DoorClient(::doors, ASK_MAX)

    /** Starts the nodes that do not run, and waits until all are in. */
    fun start(count: Int = nodes.size) {
        val started = nodes.take(count).filterNot { it.isAlive }
        started.forEach { it.launch() }
        started.forEach { it.awaitReady() }
    }

    /** Ends a node in order, and starts it again. */
    fun restart(index: Int, moreJavaOptions: List<String> = emptyList()) {
        nodes[index].stop()
        nodes[index].launch(moreJavaOptions)
        nodes[index].awaitReady()
    }

    /** Holds a node; clients that come now do not ask it. */
    fun hold(index: Int) {
        held += index
        nodes[index].pause()
    }

    fun letGo(index: Int) {
        nodes[index].resume()
        held -= index
    }

    /** Nobody reaches the node and it reaches nobody, but for Redis and clients. */
    fun isolate(index: Int) {
        held += index
        ways.forEachIndexed { way, relay -> if (way == index) relay.cut() else relay.cut(net.inside(index)) }
    }

    fun heal() {
        ways.forEach(Relay::heal)
        held.clear()
    }

    /** Keeps a turn, whose answer has so many [characters], through one of the doors. */
    fun keepTurn(conversation: String, turn: String, door: Int, characters: Int = ANSWER_CHARACTERS): Exchange =
        client.send("$conversation/$turn", door, "/turn/$conversation/$turn/$characters", "")

    /** Turns that are kept of a conversation, oldest first, as any node tells. */
    fun turns(conversation: String, door: Int = 0): List<String> {
        val told = client.send(conversation, door, "/turns/$conversation", null)
        check(told.isAcknowledged) { "$conversation cannot be read: ${told.status} ${told.body}" }
        return told.body.lines().filter(String::isNotEmpty)
    }

    /** The figure that a node's admin API has at [path]. */
    fun figure(index: Int, path: String): Long = checkNotNull(nodes[index].admin(path)) { "node $index says nothing" }.body().toLong()

    /** What the nodes wrote, for the report of a failure. */
    fun logs(): String = nodes.joinToString("\n") { "--- ${it.name}\n${it.log().takeLast(LOG_CHARS_MAX)}" }

    private fun node(index: Int): NodeProcess {
        val address = net.outside(index)
        val inside = net.inside(index)
        val bound =
            listOf("bind.hostname" to inside, "bind.port" to "$clusterPort", "advanced.tcp.outbound-client-hostname" to inside)
                .map { (key, value) -> "-Dpekko.remote.artery.$key=$value" }
        return NodeProcess("node-$index", NodePorts(address), bound) { ports ->
            val joins = net.seeds(nodesMax = 2).map { "$it:$clusterPort" }
            val arguments =
                NodeArguments(address, clusterPort, ports.http, ports.admin, redisWay.address.port, joins, idle.toMillis(), "1.0.0")
            listOf("routercluster.cluster.node.NodeProgramKt") + arguments.write()
        }
    }

    override fun close() {
        nodes.forEach(NodeProcess::close)
        (ways + redisWay).forEach(Relay::close)
        redis.close()
    }

    private companion object {
        val ASK_MAX: Duration = Duration.ofSeconds(40)
        const val LOG_CHARS_MAX = 3_000
        const val ANSWER_CHARACTERS = 500
    }
}

/** Addresses of the loopback network, other ones for each process that runs tests. */
private class LoopbackNet {
    private val own = (ProcessHandle.current().pid() % OWN_MAX).toInt()
    private val prefix = "127.${FIRST + own / BYTE}.${own % BYTE}"

    /** Where others reach a node. */
    fun outside(index: Int) = "$prefix.${OUTSIDE + index}"

    /** Where it listens, and where it speaks from. */
    fun inside(index: Int) = "$prefix.${INSIDE + index}"

    fun seeds(nodesMax: Int) = List(nodesMax, ::outside)

    private companion object {
        const val FIRST = 32
        const val BYTE = 256
        const val OWN_MAX = 64 * BYTE
        const val OUTSIDE = 1
        const val INSIDE = 101
    }
}
