package routercluster.policy.answer

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.request.ChatBody

/**
 * What a chat request asks of the form of its answer.
 *
 * @property tools names of those that it declares; empty where it declares none
 * @property isJson whether the answer's text must be JSON
 * @property schema what that must follow; null where there is none, or one of more than [SCHEMA_BYTES_MAX] bytes
 */
data class AnswerContract(val tools: Set<String>, val isJson: Boolean, val schema: JsonNode? = null) {
    companion object {
        const val SCHEMA_BYTES_MAX = 64 * 1024
    }
}

/** Of a request that asks for no form: null. One whose tools are not OpenAI's functions asks for none either. */
fun answerContract(body: ChatBody): AnswerContract? {
    val tools = (
        body.tree("tools")?.map { it.path("function").path("name") }.orEmpty() +
            body.tree("functions")?.map { it.path("name") }.orEmpty()
    ).mapNotNullTo(LinkedHashSet()) { it.textValue() }
    val format = body.tree("response_format")
    val isJson = format?.path("type")?.textValue() in jsonTypes
    return if (tools.isEmpty() && !isJson) null else AnswerContract(tools, isJson, if (isJson) schema(body, format) else null)
}

private fun schema(body: ChatBody, format: JsonNode?): JsonNode? {
    val isBounded = body.fields["response_format"]?.let { it.end - it.start <= AnswerContract.SCHEMA_BYTES_MAX } ?: false
    return format?.path("json_schema")?.path("schema")?.takeIf { isBounded && it.isObject }
}

private val jsonTypes = setOf("json_object", "json_schema")
private val mapper = ObjectMapper()

private fun ChatBody.tree(field: String): JsonNode? =
    fields[field]?.let { span ->
        try {
            mapper.readTree(bytes, span.start, span.end - span.start)
        } catch (_: JacksonException) {
            null
        }
    }
