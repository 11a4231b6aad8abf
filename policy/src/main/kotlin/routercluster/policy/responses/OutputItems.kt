package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.ObjectNode

/** An item of an answer while it grows; each step gives the events that tell of it, in OpenAI's order. */
internal sealed class OutputItem(val index: Int, val json: ObjectNode) {
    protected val id: String = json.text("id").orEmpty()

    fun added(): ResponseEvent = itemEvent("response.output_item.added")

    /** Ends it with [status]. */
    open fun done(status: String): List<ResponseEvent> {
        json.put("status", status)
        return listOf(itemEvent("response.output_item.done"))
    }

    private fun itemEvent(type: String) = event(type) { put("output_index", index).set<ObjectNode>("item", json.deepCopy()) }

    protected fun placed(type: String, fill: ObjectNode.() -> Unit) = event(type) { put("item_id", id).put("output_index", index).fill() }
}

/**
 * An item with parts of text: a message or the model's reasoning. At most one part is open, the last one.
 */
internal class TextItem(index: Int, json: ObjectNode) : OutputItem(index, json) {
    private val content = json.withArray("content")
    private var open: PartKind? = null
    private val text = StringBuilder()
    private val logprobs = arrayNode()

    fun append(kind: PartKind, delta: String, probabilities: JsonNode? = null): List<ResponseEvent> {
        val events = ArrayList<ResponseEvent>(1)
        if (open != kind) {
            events += closePart()
            open = kind
            events += partEvent("response.content_part.added", kind.part("", arrayNode()), content.size())
        }
        text.append(delta)
        probabilities?.let { logprobs.addAll(it as ArrayNode) }
        events +=
            placed("response.${kind.events}.delta") {
                put("content_index", content.size()).put("delta", delta)
                if (kind == PartKind.OUTPUT_TEXT) set<ObjectNode>("logprobs", probabilities ?: arrayNode())
            }
        return events
    }

    override fun done(status: String): List<ResponseEvent> = closePart() + super.done(status)

    private fun closePart(): List<ResponseEvent> {
        val kind = open ?: return emptyList()
        open = null
        val at = content.size()
        val part = kind.part(text.toString(), logprobs.deepCopy())
        val done =
            placed("response.${kind.events}.done") {
                put("content_index", at).put(kind.field, text.toString())
                if (kind == PartKind.OUTPUT_TEXT) set<ObjectNode>("logprobs", logprobs.deepCopy())
            }
        content.add(part)
        text.clear()
        logprobs.removeAll()
        return listOf(done, partEvent("response.content_part.done", part.deepCopy(), at))
    }

    private fun partEvent(type: String, part: ObjectNode, at: Int) = placed(type) { put("content_index", at).set<ObjectNode>("part", part) }
}

/** Kinds of parts: [field] holds the text, [events] is what their events are called. */
internal enum class PartKind(val type: String, val field: String, val events: String) {
    OUTPUT_TEXT("output_text", "text", "output_text"),
    REFUSAL("refusal", "refusal", "refusal"),
    REASONING("reasoning_text", "text", "reasoning_text"),
    ;

    fun part(text: String, logprobs: ArrayNode): ObjectNode {
        val part = typed(type).put(field, text)
        if (this == OUTPUT_TEXT) {
            part.putArray("annotations")
            part.set<ObjectNode>("logprobs", logprobs)
        }
        return part
    }
}

/** A call of a tool; [argument] is `arguments` of a function, `input` of a custom tool. */
internal class CallItem(index: Int, json: ObjectNode, private val argument: String, private val events: String) : OutputItem(index, json) {
    private val arguments = StringBuilder()

    fun append(delta: String): List<ResponseEvent> {
        if (delta.isEmpty()) return emptyList()
        arguments.append(delta)
        return listOf(placed("response.$events.delta") { put("delta", delta) })
    }

    override fun done(status: String): List<ResponseEvent> {
        json.put(argument, arguments.toString())
        return listOf(placed("response.$events.done") { put(argument, arguments.toString()) }) + super.done(status)
    }
}
