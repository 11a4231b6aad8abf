package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode

/** Fields that chat completions have under the same name and with the same meaning. */
internal val sharedFields =
    listOf(
        "temperature",
        "top_p",
        "parallel_tool_calls",
        "service_tier",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
    )

/** In the chat request for the policy's signals alone: OpenAI takes metadata only where it keeps the completion itself. */
const val METADATA_FIELD = "metadata"

/**
 * [request] as the body of a chat completion: [history], then the request's own items. Instructions stand first, and those of an earlier
 * response do not come back, as at OpenAI.
 */
fun chatRequest(request: ResponseRequest, history: List<ObjectNode>): ByteArray {
    val from = request.body
    val chat = objectNode().put("model", request.model).put("stream", request.stream)
    val messages = chat.putArray("messages")
    from.text("instructions")?.let { messages.add(objectNode().put("role", "system").put("content", it)) }
    messages.addAll(chatMessages(history + request.input))
    for (name in sharedFields + METADATA_FIELD) from.given(name)?.let { chat.set<ObjectNode>(name, it) }
    from.given("max_output_tokens")?.let { chat.set<ObjectNode>("max_completion_tokens", it) }
    from.path("reasoning").given("effort")?.let { chat.set<ObjectNode>("reasoning_effort", it) }
    from.path("text").given("verbosity")?.let { chat.set<ObjectNode>("verbosity", it) }
    responseFormat(from)?.let { chat.set<ObjectNode>("response_format", it) }
    from.given("tools")?.let { tools -> if (!tools.isEmpty) chat.set<ObjectNode>("tools", arrayNode(chatTools("tools", tools))) }
    from.given("tool_choice")?.let { chat.set<ObjectNode>("tool_choice", chatToolChoice("tool_choice", it)) }
    logprobs(from, chat)
    return mapper.writeValueAsBytes(chat)
}

private fun responseFormat(from: ObjectNode): ObjectNode? {
    val format = from.path("text").given("format") ?: return null
    return when (format.type) {
        "json_object" -> {
            typed("json_object")
        }

        "json_schema" -> {
            val schema = objectNode()
            for (name in listOf("name", "description", "schema", "strict")) format.given(name)?.let { schema.set<ObjectNode>(name, it) }
            typed("json_schema").set("json_schema", schema)
        }

        else -> {
            null
        }
    }
}

private fun logprobs(from: ObjectNode, chat: ObjectNode) {
    val top = from.given("top_logprobs")
    if (top == null && from.path("include").none { it.textValue() == "message.output_text.logprobs" }) return
    chat.put("logprobs", true)
    top?.let { chat.set<ObjectNode>("top_logprobs", it) }
}
