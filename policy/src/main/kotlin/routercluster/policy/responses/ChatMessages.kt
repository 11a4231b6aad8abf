package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * Items as chat messages. Calls of tools that follow one another, and the assistant's text before them, are one message; reasoning is left
 * out, because chat completions take none back.
 */
internal fun chatMessages(items: List<ObjectNode>): List<ObjectNode> {
    val messages = ArrayList<ObjectNode>(items.size)
    for (item in items) {
        when (item.type) {
            "message" -> messages += chatMessage(item)
            "function_call" -> callingMessage(messages).withArray("tool_calls").add(call(item, "function", "arguments"))
            "custom_tool_call" -> callingMessage(messages).withArray("tool_calls").add(call(item, "custom", "input"))
            "function_call_output", "custom_tool_call_output" -> messages += toolResult(item)
        }
    }
    return messages
}

private fun callingMessage(messages: MutableList<ObjectNode>): ObjectNode {
    val last = messages.lastOrNull()
    if (last?.text("role") == "assistant") return last
    return objectNode().put("role", "assistant").putNull("content").also(messages::add)
}

private fun call(item: ObjectNode, type: String, argument: String): ObjectNode {
    val called = objectNode().put("name", item.text("name")).put(argument, item.text(argument).orEmpty())
    return typed(type).put("id", item.text("call_id")).set(type, called)
}

private fun toolResult(item: ObjectNode): ObjectNode {
    val message = objectNode().put("role", "tool").put("tool_call_id", item.text("call_id"))
    return message.set("content", content(item.path("output"), "output"))
}

private fun chatMessage(item: ObjectNode): ObjectNode {
    val role = item.text("role").orEmpty()
    val message = objectNode().put("role", role)
    if (role != "assistant") return message.set("content", content(item.path("content"), "content"))
    val texts = item.path("content").filter { it.type != "refusal" }.map { it.text("text").orEmpty() }
    val refusals = item.path("content").mapNotNull { it.text("refusal") }
    if (texts.isEmpty() && refusals.isNotEmpty()) message.putNull("content") else message.put("content", texts.joinToString(""))
    if (refusals.isNotEmpty()) message.put("refusal", refusals.joinToString(""))
    return message
}

/** One text stands for itself, which every upstream understands. */
private fun content(content: JsonNode, param: String): JsonNode {
    if (content.isTextual) return content
    val parts = content.mapIndexed { i, part -> chatPart(part, "$param[$i]") }
    return parts.singleOrNull()?.takeIf { it.type == "text" }?.get("text") ?: arrayNode(parts)
}
