package routercluster.gateway.encode.remote.chat

import com.fasterxml.jackson.core.JsonParser
import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.DeserializationFeature
import com.fasterxml.jackson.databind.JsonNode
import routercluster.gateway.encode.remote.mapper
import routercluster.policy.catalog.AnswerParser
import routercluster.policy.encode.LabelQuestion

/** @property confidence of the label at [index], never less than an even share */
internal class Choice(val index: Int, val confidence: Float)

/**
 * The label that a model's answer names, or null where it names none or more than one. Case, blanks, quotes, code fences and what a
 * model thought aloud do not count.
 */
internal fun choiceIn(answer: String, parser: AnswerParser, question: LabelQuestion): Choice? {
    val said = thoughts.replace(answer, " ").trim().take(CHARACTERS_MAX)
    val labels = question.head.labels
    val readers: List<(String) -> Choice?> =
        when (parser) {
            AnswerParser.JSON -> listOf { inJson(it, labels) }
            AnswerParser.SIMPLE -> listOf { inWords(it, labels) }
            AnswerParser.QWEN3GUARD -> listOf { inGuardLines(it, question) }
            AnswerParser.AUTO -> listOf({ inGuardLines(it, question) }, { inJson(it, labels) }, { inWords(it, labels) })
        }
    return readers.firstNotNullOfOrNull { it(said) }
}

/**
 * The model that a strict answer names: the whole [answer] is one object with a text `model` and at most a text `rationale` beside it, within a
 * code fence at most; what was thought aloud before it does not count. Null for any other answer.
 */
internal fun modelNamed(answer: String): String? {
    val said = thoughts.replace(answer.take(CHARACTERS_MAX), " ").trim()
    val bare = fence.matchEntire(said)?.groupValues?.get(1) ?: said
    val json =
        try {
            strictly.readTree(bare)
        } catch (_: JsonProcessingException) {
            return null
        }
    val isExpected = json != null && json.isObject && json.fieldNames().asSequence().all { it in modelKeys }
    return if (isExpected) json.path(MODEL).textValue() else null
}

private const val MODEL = "model"
private val modelKeys = setOf(MODEL, "rationale")
private val fence = Regex("""(?s)```(?:json)?\s*(\{.*})\s*```""")
private val strictly = mapper
    .reader()
    .with(
        DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
    ).with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)

private val thoughts = Regex("""(?s)<think>.*?</think>""")

/** No label is so long that more would matter. */
private const val CHARACTERS_MAX = 16_384

private val labelKeys = listOf("label", "class", "category", "classification", "answer", "choice", "result")
private val confidenceKeys = listOf("confidence", "score", "probability")

private fun inJson(said: String, labels: List<String>): Choice? {
    val start = said.indexOf('{')
    if (start < 0) return null
    val json =
        try {
            mapper.readTree(said.substring(start))
        } catch (_: JsonProcessingException) {
            return null
        }
    val value = labelKeys.firstNotNullOfOrNull { json.get(it) } ?: json.singleOrNull() ?: return null
    val index = value.textValue()?.let { named(it, labels) } ?: return null
    return Choice(index, confidenceIn(json, labels.size))
}

/** A model that doubts its own label to less than an even share contradicts itself. */
private fun confidenceIn(json: JsonNode, labels: Int): Float {
    val told = confidenceKeys.firstNotNullOfOrNull { json.get(it)?.takeIf(JsonNode::isNumber) }?.floatValue() ?: 1f
    return if (told.isFinite()) told.coerceIn(1f / labels, 1f) else 1f
}

/** The whole answer is a label, or exactly one label stands in it as words of its own. An object is left to its own reader. */
private fun inWords(said: String, labels: List<String>): Choice? {
    if (said.startsWith("{")) return null
    val whole = named(said, labels)
    if (whole != null) return Choice(whole, 1f)
    val found = labels.indices.filter { stands(labels[it], said) }
    // A label inside a longer one that was found as well was not meant.
    val meant = found.filter { one -> found.none { it != one && stands(labels[one], labels[it]) } }
    return meant.singleOrNull()?.let { Choice(it, 1f) }
}

private fun named(text: String, labels: List<String>): Int? {
    val plain = plain(text)
    return labels.indices.singleOrNull { plain(labels[it]) == plain }
}

private fun stands(label: String, text: String): Boolean = " ${plain(label)} " in " ${plain(text)} "

/** Words in lower case, one blank between two. */
private fun plain(text: String): String = separators.replace(text.lowercase(), " ").trim()

private val separators = Regex("""[^\p{L}\p{N}+#]+""")

private val safety = Regex("""(?im)^\s*safety\s*:\s*(safe|unsafe|controversial)\b""")

/** `Safety: Unsafe`, and so on. What such a guard calls controversial counts half. */
private fun inGuardLines(said: String, question: LabelQuestion): Choice? {
    if (question.positive.isEmpty()) return null
    val verdict = safety
        .find(said)
        ?.groupValues
        ?.get(1)
        ?.lowercase() ?: return null
    val labels = question.head.labels
    val threat = labels.indexOfFirst { it in question.positive }
    return when (verdict) {
        "safe" -> Choice(labels.indexOfFirst { it !in question.positive }, 1f)
        "unsafe" -> Choice(threat, 1f)
        else -> Choice(threat, 0.5f)
    }
}
