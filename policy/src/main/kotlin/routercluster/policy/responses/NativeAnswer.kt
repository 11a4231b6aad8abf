package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * Reads the answer of an upstream that speaks the Responses API itself. Its events of items pass; those that hold the response as a
 * whole are replaced by ours, because the id, the thread and what is kept are ours.
 */
class NativeAnswer(model: String) : AnswerReader(model) {
    private val done = ArrayList<ObjectNode>()
    private var last: List<ObjectNode>? = null

    override val output: List<ObjectNode> get() = last ?: done

    override fun take(json: JsonNode): List<ResponseEvent> {
        val type = json.type ?: return emptyList()
        when (type) {
            "response.created", "response.queued", "response.in_progress" -> {
                return emptyList()
            }

            "response.completed", "response.incomplete", "response.failed" -> {
                return takeWhole(json.path("response"))
            }

            "error" -> {
                error = responseError(SERVER_ERROR, json.text("message") ?: "The model failed")
                return emptyList()
            }

            "response.output_item.done" -> {
                (json.path("item") as? ObjectNode)?.let { done += it.deepCopy() }
            }
        }
        return listOf(ResponseEvent(type, json as ObjectNode))
    }

    override fun takeWhole(json: JsonNode): List<ResponseEvent> {
        ended = true
        last = json.path("output").filterIsInstance<ObjectNode>()
        usage = json.given("usage") as? ObjectNode
        error = json.given("error") as? ObjectNode
        incompleteReason = json.path("incomplete_details").text("reason")
        if (json.text("status") == "failed" && error == null) error = responseError(SERVER_ERROR, "The model failed")
        return emptyList()
    }

    override fun closeItems(status: String): List<ResponseEvent> = emptyList()
}
