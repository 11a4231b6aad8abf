package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.time.Instant

/**
 * A response while it is made: everything but what the model says.
 *
 * @property conversationId of the conversation that it belongs to; null where it belongs to none that a client made
 */
class ResponseDraft(val id: String, val request: ResponseRequest, val createdAt: Instant, val conversationId: String?) {
    /** The response object as it is at [status], with what is known of the [answer]; `model` is the asked one until one has answered. */
    fun at(status: TurnStatus, answer: AnswerSoFar? = null, now: Instant? = null): ObjectNode {
        val from = request.body
        val json = objectNode().put("id", id).put("object", "response").put("created_at", createdAt.epochSecond)
        json.put("status", statusWord(status)).put("background", request.background)
        if (status == TurnStatus.COMPLETED && now != null) json.put("completed_at", now.epochSecond)
        json.set<ObjectNode>("error", answer?.error)
        json.set<ObjectNode>("incomplete_details", answer?.incompleteReason?.let { objectNode().put("reason", it) })
        for (name in echoedAsGiven) json.set<ObjectNode>(name, from.given(name))
        json.put("model", answer?.model ?: request.model)
        json.set<ObjectNode>("output", arrayNode(answer?.output.orEmpty()))
        json.put("parallel_tool_calls", from.given("parallel_tool_calls")?.booleanValue() ?: true)
        json.put("previous_response_id", request.previousResponseId)
        if (conversationId == null) json.putNull("conversation") else json.putObject("conversation").put("id", conversationId)
        json
            .putObject(
                "reasoning",
            ).apply { for (name in listOf("effort", "summary")) set<ObjectNode>(name, from.path("reasoning").given(name)) }
        json.put("store", request.store)
        json.set<ObjectNode>("temperature", from.given("temperature"))
        json.set<ObjectNode>("text", text(from))
        json.set<ObjectNode>("tool_choice", from.given("tool_choice") ?: AUTO)
        json.set<ObjectNode>("tools", from.given("tools") ?: arrayNode())
        json.put("truncation", from.text("truncation") ?: "disabled")
        json.set<ObjectNode>("usage", answer?.usage)
        json.set<ObjectNode>("metadata", from.given("metadata") ?: objectNode())
        return json
    }

    private fun text(from: ObjectNode): ObjectNode {
        val text = objectNode()
        text.set<ObjectNode>("format", from.path("text").given("format") ?: typed("text"))
        from.path("text").given("verbosity")?.let { text.set<ObjectNode>("verbosity", it) }
        return text
    }

    private companion object {
        val AUTO: JsonNode = mapper.readTree("\"auto\"")
        val echoedAsGiven =
            listOf(
                "instructions",
                "max_output_tokens",
                "max_tool_calls",
                "prompt_cache_key",
                "safety_identifier",
                "service_tier",
                "top_logprobs",
                "top_p",
                "user",
            )
    }
}

/**
 * What a model has said so far.
 *
 * @property model that answers
 * @property error as the response object has it
 * @property incompleteReason why the answer ended early: `max_output_tokens` or `content_filter`
 * @property usage as the response object has it
 */
class AnswerSoFar(
    val model: String?,
    val output: List<ObjectNode>,
    val error: ObjectNode? = null,
    val incompleteReason: String? = null,
    val usage: ObjectNode? = null,
)

/** [code] is one of those that OpenAI's clients know: `server_error`, `rate_limit_exceeded`, `invalid_prompt`. */
fun responseError(code: String, message: String): ObjectNode = objectNode().put("code", code).put("message", message)

internal fun statusWord(status: TurnStatus) = status.name.lowercase()

/** The response object without its output, as it is kept. */
fun keptResponse(response: ObjectNode): String = response.deepCopy().apply { remove("output") }.toString()

fun keptItems(items: List<ObjectNode>): List<Item> = items.map { Item(it.text("id").orEmpty(), it.toString()) }

/** The response object of a kept turn; null for a turn of which none is kept. What the turn says of its status counts. */
fun Turn.responseObject(): ObjectNode? {
    val json = storedObject(response ?: return null)
    json.put("status", statusWord(status))
    json.set<ObjectNode>("output", arrayNode(output.map { storedObject(it.json) }))
    return json
}
