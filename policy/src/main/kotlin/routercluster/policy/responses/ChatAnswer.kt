package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode
import kotlin.random.Random

/**
 * Reads a chat completion, whole or in chunks, of which the first choice counts.
 *
 * @param ids makes the ids of items
 */
class ChatAnswer(model: String, private val ids: Random) : AnswerReader(model) {
    private val items = ArrayList<OutputItem>()
    private val calls = HashMap<Int, CallItem>()
    private var openText: TextItem? = null

    override val output: List<ObjectNode> get() = items.map { it.json }

    override fun take(json: JsonNode): List<ResponseEvent> = heard(json, "delta")

    override fun takeWhole(json: JsonNode): List<ResponseEvent> = heard(json, "message")

    private fun heard(json: JsonNode, member: String): List<ResponseEvent> {
        json.given("error")?.let { error = responseError(SERVER_ERROR, it.text("message") ?: "The model failed") }
        json.given("usage")?.let { usage = responseUsage(it) }
        val choice = json.path("choices").firstOrNull { it.path("index").asInt(0) == 0 } ?: return emptyList()
        val events = said(choice.path(member), choice.path("logprobs").path("content").takeIf { it is ArrayNode && !it.isEmpty })
        choice.text("finish_reason")?.let(::finish)
        return events
    }

    private fun said(part: JsonNode, logprobs: JsonNode?): List<ResponseEvent> {
        val events = ArrayList<ResponseEvent>()
        (part.text("reasoning_content") ?: part.text("reasoning"))?.takeIf { it.isNotEmpty() }?.let { text ->
            events += textItem("reasoning", events).append(PartKind.REASONING, text)
        }
        part.text("content")?.takeIf { it.isNotEmpty() }?.let { text ->
            events += textItem("message", events).append(PartKind.OUTPUT_TEXT, text, logprobs)
        }
        part.text("refusal")?.takeIf { it.isNotEmpty() }?.let { text ->
            events += textItem("message", events).append(PartKind.REFUSAL, text)
        }
        part.path("tool_calls").forEachIndexed { i, call ->
            events += called(call.path("index").asInt(i), call)
        }
        return events
    }

    /** The open item of [type]; where there is none, whatever is open is closed and one begun, which [events] tell. */
    private fun textItem(type: String, events: MutableList<ResponseEvent>): TextItem {
        openText?.let { if (it.json.type == type) return it }
        events += closeText()
        val json = typed(type).put("id", newItemId(if (type == "message") "msg" else "rs", ids)).put("status", "in_progress")
        if (type == "message") json.put("role", "assistant") else json.putArray("summary")
        json.putArray("content")
        val item = TextItem(items.size, json)
        items += item
        openText = item
        events += item.added()
        return item
    }

    private fun closeText(): List<ResponseEvent> {
        val item = openText ?: return emptyList()
        openText = null
        return item.done("completed")
    }

    private fun called(index: Int, call: JsonNode): List<ResponseEvent> {
        val custom = call.path("custom")
        val function = if (custom.isObject) custom else call.path("function")
        val known = calls[index]
        val events = ArrayList<ResponseEvent>()
        val item =
            known ?: newCall(call, custom.isObject, function).also {
                events += closeText()
                calls[index] = it
                items += it
                events += it.added()
            }
        events += item.append(function.text(if (custom.isObject) "input" else "arguments").orEmpty())
        return events
    }

    private fun newCall(call: JsonNode, isCustom: Boolean, function: JsonNode): CallItem {
        val argument = if (isCustom) "input" else "arguments"
        val json = typed(if (isCustom) "custom_tool_call" else "function_call").put("id", newItemId(if (isCustom) "ctc" else "fc", ids))
        json.put("status", "in_progress").put(argument, "")
        json.put("call_id", call.text("id") ?: newItemId("call", ids)).put("name", function.text("name").orEmpty())
        return CallItem(items.size, json, argument, if (isCustom) "custom_tool_call_input" else "function_call_arguments")
    }

    private fun finish(reason: String) {
        ended = true
        incompleteReason =
            when (reason) {
                "length" -> "max_output_tokens"
                "content_filter" -> "content_filter"
                else -> null
            }
    }

    override fun closeItems(status: String): List<ResponseEvent> {
        val last = openText
        openText = null
        return last?.done(status).orEmpty() + calls.values.sortedBy { it.index }.flatMap { it.done(status) }
    }
}

/** Usage of a chat completion in the words of this API. */
internal fun responseUsage(chat: JsonNode): ObjectNode {
    val input = chat.path("prompt_tokens").asLong()
    val output = chat.path("completion_tokens").asLong()
    val usage = objectNode().put("input_tokens", input)
    val read = chat.path("prompt_tokens_details")
    usage
        .putObject("input_tokens_details")
        .put("cached_tokens", read.path("cached_tokens").asLong())
        .put("cache_write_tokens", read.path("cache_write_tokens").asLong())
    usage.put("output_tokens", output)
    usage
        .putObject(
            "output_tokens_details",
        ).put("reasoning_tokens", chat.path("completion_tokens_details").path("reasoning_tokens").asLong())
    return usage.put("total_tokens", input + output)
}
