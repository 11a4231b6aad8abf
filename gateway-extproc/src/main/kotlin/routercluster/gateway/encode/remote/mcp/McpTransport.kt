package routercluster.gateway.encode.remote.mcp

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.encode.EncodeFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** Carries JSON-RPC messages to one MCP server. Calls return at once. */
internal interface McpTransport : AutoCloseable {
    /** Sends the request [message], which has an id, and gives the whole answer to it. Fails with an [EncodeFailure]. */
    fun request(message: ObjectNode, timeout: Duration): CompletableFuture<JsonNode>

    /** Sends a [message] that has no answer. */
    fun notify(message: ObjectNode, timeout: Duration): CompletableFuture<Unit>

    /** What both sides agreed to speak, once they have. */
    fun agreed(protocolVersion: String)

    /** False once nothing can be sent any more. */
    val isAlive: Boolean
}
