package routercluster.policy.probes

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest

private val nodes = JsonNodeFactory.instance

/**
 * The chat request that [probe] describes, as JSON for the model [model].
 *
 * @throws BadRequest where the probe names a fixture or a place that is not there
 */
fun ProbeFile.body(probe: Probe, model: String): ByteArray {
    val body = nodes.objectNode().put("model", model)
    val messages = probe.request.query?.let { queried(it, probe.request) } ?: written(probe.request.messages)
    probe.request.generated?.let { fill(messages, it) }
    body.set<JsonNode>("messages", messages)
    probe.request.tools?.let { body.set<JsonNode>("tools", it) }
    return body.toString().encodeToByteArray()
}

private fun queried(query: String, request: ProbeRequest): ArrayNode {
    val padding = request.padding
    val before = padding?.linesBefore ?: 0
    val after = (padding?.repeat ?: 0) - before
    val text = padding?.text.orEmpty()
    val lines = List(before) { text } + List(request.repeat) { query } + List(after) { text }
    val messages = nodes.arrayNode()
    messages.addObject().put("role", "user").put("content", lines.joinToString("\n"))
    return messages
}

/** As written, with pictures in the places of fixtures. */
private fun ProbeFile.written(messages: JsonNode?): ArrayNode {
    val copy = nodes.arrayNode()
    messages?.forEach { copy.add(it.deepCopy<JsonNode>()) }
    for (message in copy) {
        val content = message["content"] as? ArrayNode ?: continue
        content.forEachIndexed { place, part ->
            if (part.path("type").asText() == "image_fixture") content.set(place, image(part.path("fixture").asText()))
        }
    }
    return copy
}

private fun ProbeFile.image(name: String): ObjectNode {
    val uri = imageFixtures[name] ?: throw BadRequest(400, "unknown_fixture", "no image fixture is called $name", "fixture")
    val part = nodes.objectNode().put("type", "image_url")
    part.putObject("image_url").put("url", uri)
    return part
}

/** Puts filler where [generated] says. */
private fun fill(messages: ArrayNode, generated: GeneratedText) {
    val message = messages[generated.message] as? ObjectNode
        ?: throw BadRequest(400, "no_such_message", "there is no message ${generated.message} to fill", "message_index")
    val written = message.path("content").asText()
    val content = message["content"] as? ArrayNode ?: message.putArray("content").also { it.addText(written) }
    val missing = generated.bytes - content.sumOf {
        it
            .path("text")
            .asText()
            .encodeToByteArray()
            .size
    }
    if (missing <= 0) return
    val part = nodes.objectNode().put("type", "text").put("text", generated.character.repeat(missing))
    if (generated.content <= content.size()) content.insert(generated.content, part) else content.add(part)
}

private fun ArrayNode.addText(text: String) {
    addObject().put("type", "text").put("text", text)
}
