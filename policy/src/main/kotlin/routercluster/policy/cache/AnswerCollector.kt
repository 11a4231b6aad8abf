package routercluster.policy.cache

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.answer.UsageScanner
import java.io.ByteArrayOutputStream

/**
 * An answer that may be given again: one choice, of text alone, that its model brought to its end.
 *
 * @property text what the model said
 * @property model by the name that the upstream gave, null where it gave none
 * @property promptTokens as the upstream counted, null where it did not; so are [completionTokens]
 */
data class StorableAnswer(val text: String, val model: String?, val promptTokens: Long?, val completionTokens: Long?)

/** What came of collecting an answer. */
sealed interface Collected {
    class Whole(val answer: StorableAnswer) : Collected

    /** It is not kept. [reason] is one of a fixed list, for metrics. */
    class Not(val reason: String) : Collected
}

/**
 * Collects a chat answer in OpenAI's dialect that passes by, whole or as server-sent events, and tells whether it may be kept. Only what is
 * sure to serve another request is: no tool calls, refusals, several choices, log probabilities, audio, nothing that was cut short,
 * filtered or broken off. For one answer and one thread at a time.
 *
 * @param bytesMax a longer answer, as it comes over the wire, is not kept
 */
class AnswerCollector(private val format: UsageScanner.Format, private val bytesMax: Int) {
    private val bytes = ByteArrayOutputStream()
    private var isTooLong = false

    fun feed(data: ByteArray) {
        if (isTooLong) return
        isTooLong = bytes.size() + data.size > bytesMax
        if (isTooLong) bytes.reset() else bytes.writeBytes(data)
    }

    /** To be asked when the answer has ended and was good. */
    fun collected(): Collected {
        if (isTooLong) return Collected.Not("too_long")
        val reading = Reading()
        try {
            when (format) {
                UsageScanner.Format.JSON -> reading.whole(mapper.readTree(bytes.toByteArray()))
                UsageScanner.Format.EVENT_STREAM -> events(reading)
            }
        } catch (_: JacksonException) {
            return Collected.Not("unreadable")
        }
        return reading.collected()
    }

    private fun events(reading: Reading) {
        for (line in bytes.toByteArray().decodeToString().lineSequence()) {
            val data = line
                .takeIf { it.startsWith(DATA) }
                ?.removePrefix(DATA)
                ?.trim()
                .orEmpty()
            if (data == DONE) {
                reading.isDone = true
            } else if (data.isNotEmpty()) {
                reading.event(mapper.readTree(data))
            }
        }
    }

    private class Reading {
        private val text = StringBuilder()
        private var finish: String? = null
        private var model: String? = null
        private var usage: JsonNode? = null
        private var refusal: String? = null
        var isDone = false

        fun whole(json: JsonNode) {
            take(json, "message")
            isDone = true
        }

        fun event(json: JsonNode) = take(json, "delta")

        private fun take(json: JsonNode, part: String) {
            if (json.hasNonNull("error")) refusal = "error"
            json.path("model").textValue()?.let { model = it }
            json.get("usage")?.takeIf(JsonNode::isObject)?.let { usage = it }
            val choices = json.path("choices")
            if (choices.size() > 1 || choices.any { it.path("index").asInt(0) != 0 }) refusal = "several_choices"
            for (choice in choices) take(choice, choice.path(part))
        }

        private fun take(choice: JsonNode, message: JsonNode) {
            if (choice.hasNonNull("logprobs")) refusal = "logprobs"
            choice.path("finish_reason").textValue()?.let { finish = it }
            message
                .properties()
                .firstOrNull { (name, value) ->
                    name !in plain && says(value)
                }?.let { (name, _) -> refusal = reasonOf(name) }
            message.path("content").textValue()?.let(text::append)
        }

        private fun says(value: JsonNode) = !value.isNull && !(value.isContainerNode && value.isEmpty) && value.textValue() != ""

        private fun reasonOf(member: String) =
            when (member) {
                "tool_calls", "function_call" -> "tool_calls"
                "refusal" -> "refusal"
                else -> "more_than_text"
            }

        fun collected(): Collected {
            val reason = refusal ?: when {
                !isDone -> "broken_off"
                finish != "stop" -> "not_finished"
                text.isBlank() -> "empty"
                else -> null
            }
            if (reason != null) return Collected.Not(reason)
            return Collected.Whole(StorableAnswer(text.toString(), model, count("prompt_tokens"), count("completion_tokens")))
        }

        private fun count(name: String): Long? = usage?.get(name)?.takeIf { it.isIntegralNumber && it.longValue() >= 0 }?.longValue()
    }

    private companion object {
        val mapper = ObjectMapper()
        const val DATA = "data:"
        const val DONE = "[DONE]"

        /** Members that need not come again: how a model reasoned is no part of its answer. */
        val plain = setOf("role", "content", "reasoning_content", "reasoning", "annotations")
    }
}
