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
 */
data class AnswerContract(val tools: Set<String>, val isJson: Boolean)

/** Of a request that asks for no form: null. One whose tools are not OpenAI's functions asks for none either. */
fun answerContract(body: ChatBody): AnswerContract? {
    val tools = (
        body.tree("tools")?.map { it.path("function").path("name") }.orEmpty() +
            body.tree("functions")?.map { it.path("name") }.orEmpty()
    ).mapNotNullTo(LinkedHashSet()) { it.textValue() }
    val isJson = body.tree("response_format")?.path("type")?.textValue() in jsonTypes
    return if (tools.isEmpty() && !isJson) null else AnswerContract(tools, isJson)
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
