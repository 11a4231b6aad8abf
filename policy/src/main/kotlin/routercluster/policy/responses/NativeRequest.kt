package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode

/** Fields of a request that are our business, not an upstream's. */
private val oursAlone = listOf("previous_response_id", "conversation", "background", METADATA_FIELD, "truncation")

/**
 * [request] for an upstream that speaks the Responses API: the thread written out, nothing kept there. What the policy changed in the
 * request's form as a chat completion is changed here too.
 *
 * @param asked the chat completion that the request stands for
 * @param edited that chat completion as the policy edited it for this upstream
 */
fun nativeRequest(request: ResponseRequest, history: List<ObjectNode>, asked: ByteArray, edited: ByteArray): ByteArray {
    val body = request.body.deepCopy().without<ObjectNode>(oursAlone)
    body.set<ObjectNode>("input", arrayNode((history + request.input).map(::withoutForeignId)))
    body.put("store", false)
    val before = mapper.readTree(asked)
    val after = mapper.readTree(edited)
    body.set<ObjectNode>("model", after.get("model"))
    for (name in sharedFields + listOf("tools", "tool_choice")) body.follow(name, before.get(name), after.get(name), name)
    body.follow("max_output_tokens", before.get("max_completion_tokens"), after.get("max_completion_tokens"), "max_output_tokens")
    val effort = after.get("reasoning_effort") ?: after.path("reasoning").get("effort")
    if (effort ==
        null
    ) {
        (body.get("reasoning") as? ObjectNode)?.remove("effort")
    } else {
        body.withObject("/reasoning").set<ObjectNode>("effort", effort)
    }
    val prompt = systemPrompt(after)
    if (prompt != systemPrompt(before)) body.put("instructions", prompt)
    return mapper.writeValueAsBytes(body)
}

/** A field that the policy removed or changed; tools keep the form of this API, so that only their removal counts. */
private fun ObjectNode.follow(name: String, before: JsonNode?, after: JsonNode?, field: String) {
    if (after == null) {
        remove(field)
    } else if (after != before && name !in listOf("tools", "tool_choice")) {
        set<ObjectNode>(field, after)
    }
}

private fun systemPrompt(chat: JsonNode): String? =
    chat
        .path("messages")
        .firstOrNull()
        ?.takeIf { it.text("role") == "system" }
        ?.text("content")

/** The upstream keeps no item of ours, so that our ids of inputs mean nothing to it; reasoning is known to it by its id. */
private fun withoutForeignId(item: ObjectNode): ObjectNode = if (item.type == "reasoning") item else item.deepCopy().without("id")
