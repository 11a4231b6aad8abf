package routercluster.mock

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper

private val mapper = ObjectMapper()

private const val CHARS_PER_TOKEN = 4

/** The JSON object in [body], or null where it is none. */
internal fun objectIn(body: ByteArray): JsonNode? =
    try {
        mapper.readTree(body)?.takeIf { it.isObject }
    } catch (_: JsonProcessingException) {
        null
    }

/** Reads a chat, text completion or Anthropic request; what is missing or odd is taken as absent. */
internal fun asked(request: JsonNode, script: Script): Asked {
    val prompt = request.path("prompt")
    val texts = request.path("messages").map { it.path("role").textValue() to textOf(it.path("content")) } + ("user" to textOf(prompt))
    val chars = texts.sumOf { (_, text) -> text.length } + textOf(request.path("system")).length
    return Asked(
        model = request.path("model").textValue() ?: script.models.first(),
        userText = texts.lastOrNull { (role, text) -> role == "user" && text.isNotEmpty() }?.second.orEmpty(),
        promptTokens = script.promptTokens ?: (chars / CHARS_PER_TOKEN).coerceAtLeast(1),
        stream = request.path("stream").booleanValue(),
        includeUsage = request.path("stream_options").path("include_usage").booleanValue(),
        answerTokensMax = listOf("max_completion_tokens", "max_tokens").map(request::path).firstOrNull { it.isInt }?.intValue(),
    )
}

/** The text of a string, of a list of strings, or of the text parts in a list of content parts. */
private fun textOf(content: JsonNode): String =
    when {
        content.isTextual -> content.textValue()
        content.isArray -> content.joinToString("\n") { it.textValue() ?: it.path("text").textValue().orEmpty() }
        else -> ""
    }

/** What a mock under [script] answers to [asked]. */
internal fun generate(id: String, asked: Asked, script: Script): Generated {
    val all = pieces(script, asked)
    val pieces = asked.answerTokensMax?.let(all::take) ?: all
    val completion = if (script.toolCalls.isEmpty()) pieces.size else script.toolCalls.size
    return Generated(
        id = id,
        model = asked.model,
        pieces = pieces,
        cutShort = pieces.size < all.size,
        toolCalls = script.toolCalls,
        usage = if (script.usage) Usage(asked.promptTokens, completion, script.cachedTokens) else null,
    )
}

private fun pieces(script: Script, asked: Asked): List<String> {
    val text =
        when (script.answer) {
            is Answer.Echo -> asked.userText
            is Answer.Named -> "This is ${asked.model}, a simulated model that answers every request with this sentence."
            is Answer.Text -> script.answer.text
        }
    val words = wordsOf(text)
    val count = script.tokens ?: return words
    if (count <= words.size) return words.take(count)
    val repeated = if (words.isEmpty()) listOf("token ") else words.dropLast(1) + "${words.last().trimEnd()} "
    return List(count) { repeated[it % repeated.size] }
}

/** [text] cut into words that keep the white space after them; joined they are [text] again. */
private fun wordsOf(text: String): List<String> {
    val words = ArrayList<String>()
    var start = 0
    for (i in 1 until text.length) {
        if (text[i - 1].isWhitespace() && !text[i].isWhitespace()) {
            words += text.substring(start, i)
            start = i
        }
    }
    if (start < text.length) words += text.substring(start)
    return words
}
