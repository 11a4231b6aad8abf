package routercluster.cluster.node

import com.fasterxml.jackson.databind.ObjectMapper
import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.net.InetSocketAddress
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors

private const val THREADS = 32
private const val DRAIN_SECONDS_MAX = 30
private const val TENANT = "test"

/** Time that a door gives a change of a conversation, retries included. */
private val changeMax = Duration.ofSeconds(25)

/**
 * A node with conversations and a door that says no more than tests of faults need: turns are kept and told. The arguments are those
 * that [NodeArguments] writes.
 */
fun main(arguments: Array<String>) {
    val node = openNode(NodeArguments.read(arguments))
    node.joined.thenRun { NodeDoor(node).open() }
    node.ended.thenRun { Runtime.getRuntime().halt(0) }
}

private class NodeDoor(private val node: TestNode) {
    private val conversations = node.conversations
    private val clock = node.clock

    fun open() {
        val door = listen(InetSocketAddress(node.arguments.host, node.arguments.httpPort), ::answer)
        node.beforeLeaving { door.stop(DRAIN_SECONDS_MAX) }
        listen(InetSocketAddress("127.0.0.1", node.arguments.adminPort)) { path ->
            when (path) {
                "/readyz" -> "ready"
                "/grains" -> "${node.awake()}"
                "/heap" -> heapAfterCollection()
                else -> null
            }
        }
    }

    /** `/turn/CONVERSATION/TURN/CHARACTERS` keeps a turn with an answer of that length; `/turns/CONVERSATION` tells those that are kept. */
    private fun answer(path: String): String? {
        val parts = path.removePrefix("/").split('/')
        return when (parts.first()) {
            "turn" -> keep(ConversationId(TENANT, parts[1]), parts[2], parts[3].toInt())
            "turns" -> tell(ConversationId(TENANT, parts[1]))
            else -> null
        }
    }

    private fun keep(conversation: ConversationId, id: String, characters: Int): String {
        val turn = Turn(id, null, clock.instant(), TurnStatus.IN_PROGRESS, listOf(Item("in-$id", json.writeValueAsString(id))))
        val begun = conversations.change(conversation, ConversationChange.BeginTurn(turn), changeMax).result()
        check(begun is Changed.Done) { "$begun" }
        val ended = turn.copy(
            status = TurnStatus.COMPLETED,
            output = listOf(Item("out-$id", json.writeValueAsString("x".repeat(characters)))),
        )
        val done = conversations.change(conversation, ConversationChange.EndTurn(ended), changeMax).result()
        check(done is Changed.Done) { "$done" }
        return "kept"
    }

    private fun tell(id: ConversationId): String {
        val turns = conversations
            .load(id, changeMax)
            .result()
            ?.turns
            .orEmpty()
        return turns.filter { it.status == TurnStatus.COMPLETED && it.output.size == 1 }.joinToString("\n") { it.id }
    }

    private fun heapAfterCollection(): String {
        System.gc()
        val runtime = Runtime.getRuntime()
        return "${runtime.totalMemory() - runtime.freeMemory()}"
    }

    private companion object {
        val json = ObjectMapper()
    }
}

private fun listen(address: InetSocketAddress, answer: (path: String) -> String?): HttpServer {
    val server = HttpServer.create(address, 0)
    server.executor = Executors.newFixedThreadPool(THREADS) { Thread(it).apply { isDaemon = true } }
    server.createContext("/") { exchange -> exchange.use { it.respond(answer) } }
    server.start()
    return server
}

private fun HttpExchange.use(block: (HttpExchange) -> Unit) = try {
    block(this)
} finally {
    close()
}

private fun HttpExchange.respond(answer: (path: String) -> String?) {
    val (status, body) =
        try {
            val found = answer(requestURI.path)
            (if (found == null) 404 else 200) to found.orEmpty()
        } catch (failure: ExecutionException) {
            503 to "${failure.cause}"
        } catch (failure: IllegalStateException) {
            500 to "$failure"
        }
    val bytes = body.toByteArray()
    requestBody.readAllBytes()
    // A client that comes with its next request just when this ends could not tell whether it was read.
    responseHeaders["Connection"] = listOf("close")
    sendResponseHeaders(status, if (bytes.isEmpty()) -1 else bytes.size.toLong())
    responseBody.write(bytes)
}

private fun <T> CompletionStage<T>.result(): T = toCompletableFuture().get()
