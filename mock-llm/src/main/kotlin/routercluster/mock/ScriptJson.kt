package routercluster.mock

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import java.time.Duration

/** A script that was not understood. The message names the field and what it takes. */
class InvalidScript(message: String) : Exception(message)

/**
 * Reads a script from JSON. Fields have the names of [Script]'s properties in snake case, durations end in `_ms`; what is
 * absent has its default; unknown fields are refused.
 *
 * - `answer`: `"named"`, `"echo"` or `{"text": "..."}`
 * - `tool_calls`: `[{"name": "...", "arguments": "{}"}]`
 * - `fault`: `{"type": "status", "status": 429, "retry_after": {"seconds": 2}}`, where `retry_after` may also be
 *   `{"date_ms": 2000}` or `{"ms": 250}`; `{"type": "raw", "status": 200, "content_type": "text/html", "body": "..."}`;
 *   `{"type": "close"}`; `{"type": "cut", "after_chunks": 3}`; `{"type": "silence", "after_chunks": 0}`
 *
 * @throws InvalidScript naming the first field that is wrong
 */
fun readScript(json: ByteArray): Script {
    try {
        return script(Fields("", mapper.readTree(json)))
    } catch (e: JsonProcessingException) {
        throw InvalidScript("not JSON: ${e.originalMessage}")
    } catch (e: IllegalArgumentException) {
        throw InvalidScript(e.message.orEmpty())
    }
}

private val mapper = ObjectMapper()

private fun script(fields: Fields): Script {
    val standard = Script()
    val script =
        Script(
            headersDelay = fields.millis("headers_delay_ms") ?: standard.headersDelay,
            firstTokenDelay = fields.millis("first_token_delay_ms") ?: standard.firstTokenDelay,
            tokensPerSecond = fields.number("tokens_per_second"),
            answer = fields.any("answer")?.let(::answer) ?: standard.answer,
            tokens = fields.int("tokens"),
            toolCalls = fields.list("tool_calls").map(::toolCall),
            promptTokens = fields.int("prompt_tokens"),
            cachedTokens = fields.int("cached_tokens") ?: standard.cachedTokens,
            usage = fields.boolean("usage") ?: standard.usage,
            headers = fields.strings("headers"),
            fault = fields.any("fault")?.let { fault(Fields("fault", it)) },
            faultRate = fields.number("fault_rate") ?: standard.faultRate,
            models = fields.list("models").map { it.textValue() ?: wrong("models", "a list of strings") }.ifEmpty { standard.models },
            healthy = fields.boolean("healthy") ?: standard.healthy,
        )
    fields.close()
    return script
}

private fun answer(node: JsonNode): Answer =
    when {
        node.isObject -> {
            val fields = Fields("answer", node)
            Answer.Text(fields.requiredText("text")).also { fields.close() }
        }

        node.textValue() == "named" -> {
            Answer.Named
        }

        node.textValue() == "echo" -> {
            Answer.Echo
        }

        else -> {
            wrong("answer", "\"named\", \"echo\" or {\"text\": ...}")
        }
    }

private fun toolCall(node: JsonNode): ToolCall {
    val fields = Fields("tool_calls", node)
    return ToolCall(fields.requiredText("name"), fields.text("arguments") ?: "{}").also { fields.close() }
}

private fun fault(fields: Fields): Fault {
    val fault =
        when (fields.requiredText("type")) {
            "status" -> Fault.Status(fields.int("status") ?: 500, fields.any("retry_after")?.let { retryAfter(Fields("retry_after", it)) })
            "raw" -> Fault.Raw(fields.int("status") ?: 200, fields.text("content_type") ?: "text/plain", fields.text("body").orEmpty())
            "close" -> Fault.Close
            "cut" -> Fault.Cut(fields.int("after_chunks") ?: 0)
            "silence" -> Fault.Silence(fields.int("after_chunks") ?: 0)
            else -> wrong("fault.type", "status, raw, close, cut or silence")
        }
    fields.close()
    return fault
}

private fun retryAfter(fields: Fields): RetryAfter {
    val form =
        fields.int("seconds")?.let { RetryAfter.Seconds(it) }
            ?: fields.millis("date_ms")?.let { RetryAfter.Date(it) }
            ?: fields.int("ms")?.let { RetryAfter.Millis(it) }
            ?: wrong("retry_after", "seconds, date_ms or ms")
    fields.close()
    return form
}

private fun wrong(path: String, accepted: String): Nothing = throw InvalidScript("$path: accepted: $accepted")

/** A JSON object while it is read; [close] refuses what nobody asked for. */
private class Fields(private val path: String, private val node: JsonNode) {
    private val asked = mutableSetOf<String>()

    init {
        if (!node.isObject) wrong(path.ifEmpty { "script" }, "an object")
    }

    fun any(name: String): JsonNode? {
        asked += name
        return node.get(name)?.takeUnless { it.isNull }
    }

    fun text(name: String): String? = any(name)?.let { it.textValue() ?: wrong(at(name), "a string") }

    fun requiredText(name: String): String = text(name) ?: wrong(at(name), "a string")

    fun boolean(name: String): Boolean? = any(name)?.let { if (it.isBoolean) it.booleanValue() else wrong(at(name), "true or false") }

    fun int(name: String): Int? =
        any(name)?.let {
            if (it.canConvertToInt() && it.isIntegralNumber &&
                it.intValue() >= 0
            ) {
                it.intValue()
            } else {
                wrong(at(name), "a whole number from 0")
            }
        }

    fun number(name: String): Double? = any(name)?.let { if (it.isNumber) it.doubleValue() else wrong(at(name), "a number") }

    fun millis(name: String): Duration? = int(name)?.let { Duration.ofMillis(it.toLong()) }

    fun list(name: String): List<JsonNode> = any(name)?.let { if (it.isArray) it.toList() else wrong(at(name), "a list") }.orEmpty()

    fun strings(name: String): Map<String, String> {
        val value = any(name) ?: return emptyMap()
        if (!value.isObject) wrong(at(name), "an object of strings")
        return value.properties().associate { (key, text) -> key to (text.textValue() ?: wrong("${at(name)}.$key", "a string")) }
    }

    fun close() {
        val unknown = node.fieldNames().asSequence().firstOrNull { it !in asked } ?: return
        wrong("${at(unknown)} is unknown", asked.sorted().joinToString(", "))
    }

    private fun at(name: String): String = if (path.isEmpty()) name else "$path.$name"
}
