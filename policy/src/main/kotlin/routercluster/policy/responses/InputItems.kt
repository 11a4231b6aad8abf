package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest
import routercluster.policy.request.invalidType
import routercluster.policy.request.invalidValue
import routercluster.policy.request.missingField
import kotlin.random.Random

/** The item that stands for one that is kept already. */
const val ITEM_REFERENCE = "item_reference"

/** Reads an `input`: a string is one message of the user. Items come out in their full form, each with an id. */
internal fun readItems(input: JsonNode, param: String, itemsMax: Int, ids: Random): List<ObjectNode> {
    if (input.isTextual) return listOf(message("user", textPart("input_text", input.textValue()), ids))
    if (input.isEmpty) throw invalidValue(param, "hold at least one item")
    if (input.size() > itemsMax) throw BadRequest(400, "too_many_items", "`$param` has more than $itemsMax items.", param)
    return input.mapIndexed { i, item -> readItem(item, "$param[$i]", ids) }
}

private fun readItem(item: JsonNode, param: String, ids: Random): ObjectNode {
    if (item !is ObjectNode) throw invalidType(param, "an object")
    val type = item.type ?: if (item.has("role")) {
        "message"
    } else if (item.has("id")) {
        ITEM_REFERENCE
    } else {
        throw missingField("$param.type")
    }
    val copy = item.deepCopy().put("type", type)
    val idPrefix =
        when (type) {
            "message" -> readMessage(copy, param)
            "function_call" -> requireTexts(copy, param, "fc", "call_id", "name", "arguments")
            "custom_tool_call" -> requireTexts(copy, param, "ctc", "call_id", "name", "input")
            "function_call_output" -> readToolOutput(copy, param, "fco")
            "custom_tool_call_output" -> readToolOutput(copy, param, "ctco")
            "reasoning" -> "rs"
            ITEM_REFERENCE -> requireTexts(copy, param, "", "id")
            else -> throw unsupported("$param.type", "An item of the type `${type.take(TYPE_SHOWN)}`")
        }
    if (copy.text("id") == null) copy.put("id", newItemId(idPrefix, ids))
    if (type != ITEM_REFERENCE && type != "reasoning" && copy.text("status") == null) copy.put("status", "completed")
    return copy
}

private fun requireTexts(item: ObjectNode, param: String, idPrefix: String, vararg names: String): String {
    for (name in names) {
        val value = item.given(name) ?: throw missingField("$param.$name")
        aText("$param.$name", value)
    }
    return idPrefix
}

private fun readToolOutput(item: ObjectNode, param: String, idPrefix: String): String {
    requireTexts(item, param, idPrefix, "call_id")
    val output = item.given("output") ?: throw missingField("$param.output")
    if (output.isTextual) return idPrefix
    if (!output.isArray) throw invalidType("$param.output", "a string or an array of content parts")
    output.forEachIndexed { i, part -> chatPart(part, "$param.output[$i]") }
    return idPrefix
}

private fun readMessage(item: ObjectNode, param: String): String {
    val role = item.text("role") ?: throw missingField("$param.role")
    oneOf("user", "assistant", "system", "developer")("$param.role", item.get("role"))
    val content = item.given("content") ?: throw missingField("$param.content")
    if (content.isTextual) {
        val type = if (role == "assistant") "output_text" else "input_text"
        item.set<ObjectNode>("content", arrayNode(listOf(textPart(type, content.textValue()))))
    } else {
        if (!content.isArray) throw invalidType("$param.content", "a string or an array of content parts")
        content.forEachIndexed { i, part -> chatPart(part, "$param.content[$i]") }
    }
    return "msg"
}

internal fun textPart(type: String, text: String): ObjectNode =
    typed(type).put("text", text).also { if (type == "output_text") it.putArray("annotations") }

private fun message(role: String, part: ObjectNode, ids: Random): ObjectNode =
    typed("message")
        .put("id", newItemId("msg", ids))
        .put("status", "completed")
        .put("role", role)
        .also { it.putArray("content").add(part) }

private const val TYPE_SHOWN = 64
