package routercluster.gateway.encode.remote.mcp

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.AggregatedHttpResponse
import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.encode.remote.HttpCalls
import routercluster.gateway.encode.remote.alsoCancels
import routercluster.gateway.encode.remote.bytesOf
import routercluster.gateway.encode.remote.jsonOf
import routercluster.gateway.encode.remote.malformed
import routercluster.policy.encode.EncodeFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicBoolean

/** An MCP server over streamable HTTP: a message a POST, answered as JSON or as a short stream of events. */
internal class HttpTransport(private val calls: HttpCalls) : McpTransport {
    private val over = AtomicBoolean()

    @Volatile
    private var session: String? = null

    @Volatile
    private var version: String? = null

    override val isAlive: Boolean get() = !over.get()

    override fun agreed(protocolVersion: String) {
        version = protocolVersion
    }

    override fun request(message: ObjectNode, timeout: Duration): CompletableFuture<JsonNode> {
        val answer = post(message, timeout)
        return answer.thenApply { answerIn(it, message.path("id").asLong()) }.alsoCancels(answer)
    }

    override fun notify(message: ObjectNode, timeout: Duration): CompletableFuture<Unit> = post(message, timeout).thenApply { }

    /** Tells the server that the session is over, without waiting for what it says to that. */
    override fun close() {
        if (!over.compareAndSet(false, true)) return
        if (session != null) calls.exchange(headers(HttpMethod.DELETE), ByteArray(0), CLOSING)
    }

    private fun post(message: ObjectNode, timeout: Duration): CompletableFuture<AggregatedHttpResponse> {
        if (!isAlive) return CompletableFuture.failedFuture(EncodeFailure.Unavailable("the MCP session is over"))
        val answer = calls.exchange(headers(HttpMethod.POST), bytesOf(message), timeout)
        return answer.thenApply(::accepted).alsoCancels(answer)
    }

    private fun accepted(answer: AggregatedHttpResponse): AggregatedHttpResponse {
        val isForgotten = session != null && answer.status() == HttpStatus.NOT_FOUND
        if (isForgotten) over.set(true)
        calls.faultOf(answer.status())?.let { throw it }
        answer.headers().get(SESSION)?.let { session = it }
        return answer
    }

    private fun headers(method: HttpMethod): RequestHeaders =
        calls
            .headers("", method)
            .set(HttpHeaderNames.ACCEPT, "${MediaType.JSON}, ${MediaType.EVENT_STREAM}")
            .also { head -> session?.let { head.set(SESSION, it) } }
            .also { head -> version?.let { head.set(VERSION, it) } }
            .build()

    private fun answerIn(answer: AggregatedHttpResponse, id: Long): JsonNode {
        val isStream = answer.contentType()?.`is`(MediaType.EVENT_STREAM) == true
        val messages = if (isStream) eventsIn(answer.contentUtf8()) else listOf(answer.content().array())
        val own = messages.map(::jsonOf).firstOrNull { it.path("id").asLong() == id && !it.has("method") }
        return own ?: throw malformed("is to another question")
    }

    /** The data of each event, its lines put together again. */
    private fun eventsIn(stream: String): List<ByteArray> =
        stream
            .replace("\r\n", "\n")
            .split("\n\n")
            .map { event -> event.lines().filter { it.startsWith(DATA) }.joinToString("\n") { it.removePrefix(DATA).removePrefix(" ") } }
            .filter { it.isNotEmpty() }
            .map { it.encodeToByteArray() }

    private companion object {
        const val SESSION = "mcp-session-id"
        const val VERSION = "mcp-protocol-version"
        const val DATA = "data:"
        val CLOSING: Duration = Duration.ofSeconds(2)
    }
}
