package routercluster.gateway.encode.remote

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.Server
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.RemoteService
import routercluster.policy.models.Secret
import java.nio.file.Path
import java.util.concurrent.LinkedBlockingQueue

/** The Python server of the test resources as a child. */
internal fun mcpProcess(mode: String = "good"): RemoteService.McpProcess {
    val script = Path.of(checkNotNull(McpServer::class.java.getResource("/mcp_classifier.py")).toURI())
    return RemoteService.McpProcess("python3", listOf("$script", mode), mapOf("SECRET" to Secret("given")), "classify_text")
}

/** An MCP server over streamable HTTP that finds law in every text. It knows one session, by name. */
internal class McpServer : AutoCloseable {
    private val mapper = ObjectMapper()
    val requests = LinkedBlockingQueue<AggregatedHttpRequest>()

    /** Answers come as a stream of events while it is set. */
    @Volatile
    var streams = false

    /** Another name makes the server forget whoever has the old one. */
    @Volatile
    var session = "one"

    private val server =
        Server
            .builder()
            .http(0)
            .service("/mcp") { _, request -> HttpResponse.of(request.aggregate().thenApply(::answer)) }
            .build()
            .also { it.start().join() }

    val service get() = RemoteService.McpHttp(Endpoint(tls = false, "127.0.0.1", server.activeLocalPort(), "/mcp"), "classify_text")

    override fun close() {
        server.closeAsync()
    }

    private fun answer(request: AggregatedHttpRequest): HttpResponse {
        requests.add(request)
        if (request.method() == HttpMethod.DELETE) return HttpResponse.of(HttpStatus.NO_CONTENT)
        val message = mapper.readTree(request.contentUtf8())
        val method = message["method"].asText()
        if (method != "initialize" && request.headers().get("mcp-session-id") != session) return HttpResponse.of(HttpStatus.NOT_FOUND)
        val id = message["id"] ?: return HttpResponse.of(HttpStatus.ACCEPTED)
        val result =
            when (method) {
                "initialize" -> """{"protocolVersion":"2025-03-26","capabilities":{}}"""
                "tools/list" -> """{"tools":[{"name":"classify_text"}]}"""
                else -> """{"structuredContent":{"class":"law","confidence":0.9}}"""
            }
        return reply(id, result)
    }

    private fun reply(id: JsonNode, result: String): HttpResponse {
        val message = """{"jsonrpc":"2.0","id":$id,"result":$result}"""
        val head = ResponseHeaders.builder(HttpStatus.OK).set("mcp-session-id", session)
        if (!streams) return HttpResponse.of(head.contentType(MediaType.JSON).build(), HttpData.ofUtf8(message))
        val progress = """{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"""
        val events = "event: message\ndata: $progress\n\nevent: message\ndata: $message\n\n"
        return HttpResponse.of(head.contentType(MediaType.EVENT_STREAM).build(), HttpData.ofUtf8(events))
    }
}
