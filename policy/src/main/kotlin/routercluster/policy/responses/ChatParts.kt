package routercluster.policy.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.request.BadRequest
import routercluster.policy.request.invalidType
import routercluster.policy.request.invalidValue
import routercluster.policy.request.missingField

/**
 * A content part as chat completions write it.
 *
 * @throws BadRequest for a part that chat completions cannot carry
 */
internal fun chatPart(part: JsonNode, param: String): ObjectNode {
    anObject(param, part)
    return when (part.type) {
        "input_text", "output_text", "text" -> typed("text").put("text", requiredText(part, param, "text"))
        "refusal" -> typed("refusal").put("refusal", requiredText(part, param, "refusal"))
        "input_image" -> image(part, param)
        "input_file" -> file(part, param)
        "input_audio" -> audio(part, param)
        null -> throw missingField("$param.type")
        else -> throw unsupported("$param.type", "A content part of this type")
    }
}

private fun requiredText(part: JsonNode, param: String, name: String): String {
    val value = part.given(name) ?: throw missingField("$param.$name")
    return value.textValue() ?: throw invalidType("$param.$name", "a string")
}

private fun image(part: JsonNode, param: String): ObjectNode {
    if (part.given("file_id") != null) throw unsupported("$param.file_id", "An image by the id of a file")
    val image = objectNode().put("url", requiredText(part, param, "image_url"))
    part.given("detail")?.let {
        oneOf("auto", "low", "high", "original")("$param.detail", it)
        image.put("detail", it.textValue())
    }
    return typed("image_url").set("image_url", image)
}

private fun file(part: JsonNode, param: String): ObjectNode {
    if (part.given("file_url") != null) throw unsupported("$param.file_url", "A file by its address")
    val file = objectNode()
    for (name in listOf("file_id", "file_data", "filename")) part.given(name)?.let { file.put(name, requiredText(part, param, name)) }
    if (!file.has("file_id") && !file.has("file_data")) throw invalidValue(param, "have a `file_id` or `file_data`")
    return typed("file").set("file", file)
}

private fun audio(part: JsonNode, param: String): ObjectNode {
    val audio = part.given("input_audio") ?: throw missingField("$param.input_audio")
    anObject("$param.input_audio", audio)
    return typed("input_audio").set("input_audio", audio)
}
