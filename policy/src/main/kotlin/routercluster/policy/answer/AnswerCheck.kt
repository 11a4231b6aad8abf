package routercluster.policy.answer

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import java.io.ByteArrayOutputStream

/** Whether an answer has the form that was asked for. Null is not known, or nothing of the kind was in it. */
data class AnswerForm(val toolCalls: Boolean?, val json: Boolean?, val schema: Boolean?) {
    companion object {
        val UNKNOWN = AnswerForm(null, null, null)
    }
}

/**
 * Checks the form of a chat answer in OpenAI's dialect that passes by, whole or as server-sent events. Keeps its bytes until the end, at
 * most [BYTES_MAX]; of a longer one nothing is known, nor of one that was cut at the client's own bound on tokens. For one answer and one
 * thread at a time.
 *
 * @param follows whether a value follows a schema; null where that cannot be known
 */
class AnswerCheck(
    private val contract: AnswerContract,
    private val format: UsageScanner.Format,
    private val follows: (schema: JsonNode, value: JsonNode) -> Boolean?,
) {
    private val kept = ByteArrayOutputStream()
    private var isTooLong = false

    fun feed(bytes: ByteArray) {
        if (isTooLong) return
        isTooLong = kept.size() + bytes.size > BYTES_MAX
        if (isTooLong) kept.reset() else kept.write(bytes)
    }

    /** To be asked when the answer has ended. */
    fun form(): AnswerForm {
        if (isTooLong) return AnswerForm.UNKNOWN
        val choices = Choices()
        try {
            when (format) {
                UsageScanner.Format.JSON -> choices.add(mapper.readTree(kept.toByteArray()), "message")
                UsageScanner.Format.EVENT_STREAM -> events().forEach { choices.add(mapper.readTree(it), "delta") }
            }
        } catch (_: JacksonException) {
            // The answer itself is none of the dialect: that is for whoever counts failures.
            return AnswerForm.UNKNOWN
        }
        return choices.form()
    }

    private fun events(): List<String> =
        kept
            .toByteArray()
            .decodeToString()
            .lineSequence()
            .filter { it.startsWith(DATA) }
            .map { it.removePrefix(DATA).trim() }
            .filter { it.isNotEmpty() && it != DONE }
            .toList()

    private class Call {
        var name: String? = null
        val arguments = StringBuilder()
    }

    private class Choice {
        val text = StringBuilder()
        val calls = LinkedHashMap<Int, Call>()
        var isCut = false
    }

    private inner class Choices {
        private val choices = LinkedHashMap<Int, Choice>()

        fun add(answer: JsonNode, part: String) {
            answer.path("choices").forEach { json ->
                val choice = choices.getOrPut(json.path("index").intValue()) { Choice() }
                if (json.path("finish_reason").textValue() in cuts) choice.isCut = true
                val message = json.path(part)
                message.path("content").textValue()?.let(choice.text::append)
                message.path("tool_calls").forEachIndexed {
                    place,
                    call,
                    ->
                    add(choice, call.path("index").asInt(place), call.path("function"))
                }
                message.get("function_call")?.takeUnless(JsonNode::isNull)?.let { add(choice, LEGACY, it) }
            }
        }

        private fun add(choice: Choice, index: Int, function: JsonNode) {
            val call = choice.calls.getOrPut(index) { Call() }
            function.path("name").textValue()?.let { call.name = it }
            function.path("arguments").textValue()?.let(call.arguments::append)
        }

        fun form(): AnswerForm {
            val whole = choices.values.filterNot { it.isCut }
            val calls = whole.flatMap { it.calls.values }
            val texts = whole.filter { it.calls.isEmpty() }.map { it.text }
            return AnswerForm(
                if (contract.tools.isEmpty() ||
                    calls.isEmpty()
                ) {
                    null
                } else {
                    calls.all { it.name in contract.tools && isObject("${it.arguments}") }
                },
                if (!contract.isJson || texts.isEmpty()) null else texts.all { isJson("$it") },
                contract.schema?.takeIf { texts.isNotEmpty() }?.let { schema -> following(schema, texts.map { tree("$it") }) },
            )
        }
    }

    /** Text that is no JSON is not counted a second time. */
    private fun following(schema: JsonNode, values: List<JsonNode?>): Boolean? {
        val told = values.map { value -> value?.takeUnless { it.isMissingNode }?.let { follows(schema, it) } }
        return if (false in told) false else true.takeIf { null !in told }
    }

    private fun isObject(text: String): Boolean = tree(text)?.isObject == true

    private fun isJson(text: String): Boolean = tree(text)?.isContainerNode == true

    private fun tree(text: String): JsonNode? =
        try {
            mapper.readTree(text)
        } catch (_: JacksonException) {
            null
        }

    private companion object {
        const val BYTES_MAX = 1024 * 1024
        const val DATA = "data:"
        const val DONE = "[DONE]"

        /** The one call of the older form has no number. */
        const val LEGACY = -1
        val cuts = setOf("length", "content_filter")

        /** What stands behind a value is an error too. */
        val mapper: ObjectMapper = ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
    }
}
