package routercluster.policy.record

import com.fasterxml.jackson.databind.ObjectMapper
import routercluster.policy.signals.Reading

/** The field of [DecisionRecord.propensities], which only rows for export have. */
internal const val PROPENSITIES = "propensities"

private val mapper = ObjectMapper()

/**
 * The record as one line of JSON for learning offline, without its line break: all that [toJson] has, which [decisionRecordOf] reads back,
 * and its [context] and [DecisionRecord.propensities].
 *
 * @param withPropensities of all candidates, which have to be worked out; that of the one that was picked is in the record
 */
fun DecisionRecord.exportRow(withPropensities: Boolean = true): String {
    val json = toJson()
    val numbers = json.putObject("context")
    context().forEach { (name, value) -> numbers.put(name, value) }
    if (withPropensities) {
        propensities?.let { chances ->
            json.putObject(PROPENSITIES).apply { chances.forEach { (label, chance) -> put(label, chance) } }
        }
    }
    return mapper.writeValueAsString(json)
}

/**
 * What the request was like, as numbers alone: `request.*` its shape, `signal.TYPE.NAME` 1 where the signal matched and else 0, with
 * `.confidence` 0..1 and, where it has one, `.value`; `score.NAME` of projections; `traits.*` what the selector asked for. A signal that failed or was not read is absent.
 */
fun DecisionRecord.context(): Map<String, Double> {
    val numbers = LinkedHashMap<String, Double>()
    request?.let {
        numbers["request.messages"] = it.messages.toDouble()
        numbers["request.images"] = it.images.toDouble()
        numbers["request.tools"] = it.tools.toDouble()
        numbers["request.text_length"] = it.textLength.toDouble()
        numbers["request.user_text_length"] = it.userTextLength.toDouble()
    }
    signals.forEach { (ref, reading) ->
        if (reading is Reading.Seen) {
            val name = "signal.${ref.type}.${ref.name}"
            numbers[name] = if (reading.matched) 1.0 else 0.0
            numbers["$name.confidence"] = reading.confidence
            reading.value?.takeIf(Double::isFinite)?.let { numbers["$name.value"] = it }
        }
    }
    traits.complexity?.let { numbers["traits.complexity"] = it }
    traits.promptTokens?.let { numbers["traits.prompt_tokens"] = it.toDouble() }
    traits.domains?.forEach { (label, share) -> numbers["traits.domain.$label"] = share }
    traits.noted.forEach { (name, derived) -> derived.forEach { (part, value) -> numbers["traits.$name.$part"] = value } }
    projections.scores.forEach { score -> score.value?.let { numbers["score.${score.name}"] = it } }
    return numbers
}
