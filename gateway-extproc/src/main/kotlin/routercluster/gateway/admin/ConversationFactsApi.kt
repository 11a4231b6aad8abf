package routercluster.gateway.admin

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.pipeline.ConversationNotes
import routercluster.gateway.pipeline.Edge
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.Conversations
import java.time.Duration
import java.util.concurrent.CompletionStage

/** What a chat conversation has come to, for operators: models that answered, tokens and cost. */
class ConversationFactsApi(private val conversations: Conversations) {
    fun addTo(server: ServerBuilder) {
        // A client's name for its conversation may hold a slash.
        server.route().get("/conversations/{*name}").build { ctx, _ -> HttpResponse.of(found(ctx)) }
    }

    private fun found(ctx: ServiceRequestContext): CompletionStage<HttpResponse> {
        val name = ctx.pathParam("name").orEmpty()
        val tenant = ctx.queryParam("tenant") ?: Edge.ANONYMOUS
        return conversations.load(ConversationNotes.idOf(tenant, name), TIMEOUT).handle { conversation, failure ->
            when {
                failure != null -> json(HttpStatus.SERVICE_UNAVAILABLE, error("conversations cannot be read now"))
                conversation == null -> json(HttpStatus.NOT_FOUND, error("tenant $tenant has no conversation named $name"))
                else -> json(HttpStatus.OK, conversation.toJson(tenant, name))
            }
        }
    }

    private fun Conversation.toJson(tenant: String, name: String): ObjectNode {
        val body =
            obj()
                .put("name", name)
                .put("tenant", tenant)
                .put("created_at", createdAt.toString())
                .put("turns", turns.size + dropped)
                .put("last_model", model)
                .put("last_decision", turns.lastOrNull()?.decision)
        // Of turns that were dropped to stay within the bounds, only the sums are left.
        val models = body.putObject("models")
        turns
            .mapNotNull { it.model }
            .groupingBy { it }
            .eachCount()
            .forEach { (model, count) -> models.put(model, count) }
        body
            .put("prompt_tokens", use.promptTokens)
            .put("completion_tokens", use.completionTokens)
            .put("cost_micros", use.costMicros)
        return body
    }

    private fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

    private fun error(message: String): ObjectNode = obj().put("error", message)

    private fun json(status: HttpStatus, body: ObjectNode) = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toPrettyString())

    private companion object {
        val TIMEOUT: Duration = Duration.ofSeconds(5)
    }
}
