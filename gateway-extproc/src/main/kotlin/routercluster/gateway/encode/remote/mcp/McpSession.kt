package routercluster.gateway.encode.remote.mcp

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.gateway.encode.remote.alsoCancels
import routercluster.gateway.encode.remote.jsonOf
import routercluster.gateway.encode.remote.malformed
import routercluster.policy.encode.EncodeFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicLong

/**
 * A session with an MCP server that has the tool [tool].
 *
 * @property categories the labels as the server lists them by their places; null where it does not
 */
internal class McpSession private constructor(
    private val transport: McpTransport,
    private val tool: String,
    private val ids: AtomicLong,
    val categories: List<String>?,
) {
    val isAlive: Boolean get() = transport.isAlive

    /** What the tool says of [text]: an object. */
    fun classify(text: String, timeout: Duration): CompletableFuture<JsonNode> =
        call(transport, ids, tool, arguments(text), timeout)

    private fun arguments(text: String): ObjectNode = obj().put("text", text).put("with_probabilities", true)

    companion object {
        /** Opens a session over [transport], which stays the caller's to close. */
        fun open(transport: McpTransport, tool: String, timeout: Duration): CompletableFuture<McpSession> {
            val ids = AtomicLong()
            return ask(transport, ids, "initialize", greeting(), timeout)
                .thenCompose { welcome ->
                    val version = welcome.path("protocolVersion").textValue()
                    if (version !in versions) throw EncodeFailure.Unavailable("the MCP server speaks none of ${versions.joinToString()}")
                    transport.agreed(version)
                    transport.notify(message("notifications/initialized", null), timeout)
                }.thenCompose { tools(transport, ids, timeout) }
                .thenCompose { tools ->
                    if (tool !in tools) throw EncodeFailure.Unavailable("the MCP server has no tool $tool")
                    if (LIST in tools) categories(transport, ids, timeout) else CompletableFuture.completedFuture<List<String>?>(null)
                }.thenApply { McpSession(transport, tool, ids, it) }
        }

        private fun tools(transport: McpTransport, ids: AtomicLong, timeout: Duration): CompletableFuture<Set<String>> =
            ask(transport, ids, "tools/list", obj(), timeout).thenApply<Set<String>> { answer ->
                answer.path("tools").mapNotNullTo(HashSet()) { it.path("name").textValue() }
            }

        private fun categories(transport: McpTransport, ids: AtomicLong, timeout: Duration): CompletableFuture<List<String>?> =
            call(transport, ids, LIST, obj(), timeout).thenApply<List<String>?> { answer ->
                answer.path("categories").mapNotNull { it.textValue() }.takeIf { it.isNotEmpty() }
            }

        private fun call(
            transport: McpTransport,
            ids: AtomicLong,
            tool: String,
            arguments: ObjectNode,
            timeout: Duration,
        ): CompletableFuture<JsonNode> {
            val parameters = obj().put("name", tool)
            parameters.set<JsonNode>("arguments", arguments)
            val answer = ask(transport, ids, "tools/call", parameters, timeout)
            return answer.thenApply(::contentOf).alsoCancels(answer)
        }

        private fun ask(
            transport: McpTransport,
            ids: AtomicLong,
            method: String,
            parameters: ObjectNode,
            timeout: Duration,
        ): CompletableFuture<JsonNode> {
            val answer = transport.request(message(method, parameters).put("id", ids.incrementAndGet()), timeout)
            return answer.thenApply { resultOf(it, method) }.alsoCancels(answer)
        }

        private fun message(method: String, parameters: ObjectNode?): ObjectNode {
            val message = obj().put("jsonrpc", "2.0").put("method", method)
            parameters?.let { message.set<JsonNode>("params", it) }
            return message
        }

        private fun greeting(): ObjectNode {
            val parameters = obj().put("protocolVersion", versions.first())
            parameters.putObject("capabilities")
            parameters.putObject("clientInfo").put("name", "RouterCluster").put("version", "1")
            return parameters
        }

        private fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

        /** The newest first, which is what we ask for. */
        private val versions = listOf("2025-06-18", "2025-03-26", "2024-11-05")
        private const val LIST = "list_categories"
    }
}

/** The error's message is the server's own and may quote the text, so its code alone is told. */
private fun resultOf(answer: JsonNode, method: String): JsonNode {
    val error = answer.get("error")
    if (error != null) throw EncodeFailure.Unavailable("the MCP server refused $method with error ${error.path("code").asInt()}")
    return answer.get("result") ?: throw malformed("to $method has neither result nor error")
}

/** The object that a tool answered: structured, or as the text of its content. */
private fun contentOf(result: JsonNode): JsonNode {
    if (result.path("isError").asBoolean()) throw EncodeFailure.Unavailable("the MCP tool reports an error")
    result.get("structuredContent")?.takeIf { it.isObject }?.let { return it }
    val text = result.path("content").firstNotNullOfOrNull { it.path("text").textValue() }
    val json = jsonOf((text ?: throw malformed("of the MCP tool has no text")).encodeToByteArray())
    return json.takeIf { it.isObject } ?: throw malformed("of the MCP tool is no object")
}
