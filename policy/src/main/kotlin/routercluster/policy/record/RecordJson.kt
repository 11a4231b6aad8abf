package routercluster.policy.record

import com.fasterxml.jackson.core.JsonProcessingException
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.decisions.Truth
import routercluster.policy.outcomes.NO_FIGURES
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.projections.ProjectionTrace
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef

/** A text that is no decision record. [message] names the field and what was expected. */
class BadRecord(override val message: String) : Exception(message, null, false, false)

private val mapper = ObjectMapper()
private val nodes = JsonNodeFactory.instance

/** The record as JSON. Field names are a contract: they are kept for ever. */
fun DecisionRecord.toJson(): ObjectNode {
    val json = nodes.objectNode()
    json.put("id", id)
    json.put("time", time.toString())
    json.put("policy_revision", revision)
    json.put("asked_model", asked)
    json.put("recipe", recipe)
    json.put("decision", decision)
    json.put("confidence", confidence)
    json.put("seed", seed)
    json.set<JsonNode>("action", action.toJson())
    json.set<JsonNode>("request", request?.toJson())
    json.putArray("signals").addAll(signals.map { it.toJson() })
    json.putArray("encoder_calls").addAll(calls.map { it.toJson() })
    if (!projections.isEmpty) json.set<JsonNode>("projections", projections.toJson())
    json.putArray("decisions").addAll(decisions.map { it.toJson() })
    json.putArray("candidates").addAll(candidates.map { it.toJson() })
    if (measured.models.isNotEmpty()) json.set<JsonNode>("measured", measured.toJson())
    traits.toJson()?.let { json.set<JsonNode>("traits", it) }
    served?.let { json.put("served_model", it) }
    conversation?.let { json.put("conversation", it) }
    json.set<JsonNode>("usage", usage?.toJson())
    end?.let { json.set<JsonNode>("end", it.toJson()) }
    if (verdicts != VerdictSums.NONE) json.set<JsonNode>("verdicts", verdicts.toJson())
    return json
}

/** A replay's outcome with the field names of a record; `after` is null where it cannot be known. */
fun Comparison.toJson(): ObjectNode {
    val json = nodes.objectNode()
    json.put("same_policy", isSamePolicy)
    json.put("policy_revision_before", revisionBefore)
    json.put("policy_revision_after", revisionAfter)
    json.put("same", isSame)
    json.set<JsonNode>("before", before.toJson())
    json.set<JsonNode>("after", after?.toJson())
    val signals = json.putArray("missing_signals")
    missing.forEach { signals.add(it.toString()) }
    return json
}

private fun Choice.toJson(): ObjectNode {
    val json = nodes.objectNode().put("recipe", recipe).put("decision", decision)
    json.set<JsonNode>("action", action.toJson())
    return json
}

private fun ActionNote.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("kind", kind.name.lowercase())
        .put("model", model)
        .put("status", status)
        .put("code", code)
        .put("message", message)

private fun RequestShape.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("messages", messages)
        .put("images", images)
        .put("tools", tools)
        .put("metadata_entries", metadataEntries)
        .put("text_length", textLength)
        .put("user_text_length", userTextLength)
        .put("identified", isIdentified)

private fun SignalNote.toJson(): ObjectNode {
    val json = nodes.objectNode().put("type", ref.type).put("name", ref.name)
    when (reading) {
        is Reading.Seen -> {
            json.setAll<ObjectNode>(reading.toJson())
            json.putArray("found").addAll(reading.found.map(nodes::textNode))
            if (reading.labels.isNotEmpty()) {
                val labels = json.putObject("labels")
                reading.labels.forEach { (label, part) -> labels.set<JsonNode>(label, part.toJson()) }
            }
        }

        is Reading.Failed -> {
            json.put("state", "failed").put("reason", reading.reason)
        }
    }
    return json
}

private fun Reading.Seen.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("state", if (matched) "matched" else "not_matched")
        .put("confidence", confidence)
        .put("value", value?.takeIf { it.isFinite() })

private fun DecisionNote.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("name", name)
        .put("truth", truth.name.lowercase())
        .put("confidence", confidence)
        .put("picked", picked)
        .put("reason", reason)

private fun CandidateNote.toJson(): ObjectNode {
    val json = nodes
        .objectNode()
        .put("model", model)
        .put("lora", lora)
        .put("score", score)
        .put("reason", reason)
        .put("not_taken", notTaken)
    propensity?.let { json.put("propensity", it) }
    if (parts.isNotEmpty()) json.set<JsonNode>("parts", numbers(parts))
    return json
}

private fun UsageNote.toJson(): ObjectNode =
    nodes
        .objectNode()
        .put("prompt_tokens", promptTokens)
        .put("completion_tokens", completionTokens)
        .put("cached_tokens", cachedTokens)
        .put("estimated", estimated)
        .put("cost", cost)
        .put("cost_estimated", costEstimated)
        .put("currency", currency)

/**
 * Reads what [toJson] wrote. Fields it does not know are passed over, so that an older version reads a newer one's records.
 *
 * @throws BadRecord where [text] is no JSON or a field is missing or of the wrong type
 */
fun decisionRecordOf(text: String): DecisionRecord {
    val json =
        try {
            mapper.readTree(text)
        } catch (failure: JsonProcessingException) {
            throw BadRecord("a decision record is not JSON: ${failure.originalMessage}")
        }
    if (json == null || !json.isObject) throw BadRecord("a decision record must be a JSON object")
    return record(Fields(json, ""))
}

private fun record(json: Fields): DecisionRecord {
    val decisions = json.list("decisions", ::decisionNote)
    val candidates = json.list("candidates", ::candidateNote)
    val projections = json.inner("projections")?.let(::projectionTrace) ?: ProjectionTrace.NONE
    return DecisionRecord(
        id = json.text("id"),
        time = json.time("time"),
        revision = json.text("policy_revision"),
        asked = json.text("asked_model"),
        recipe = json.textOrNull("recipe"),
        decision = json.textOrNull("decision"),
        confidence = json.number("confidence"),
        seed = json.int("seed"),
        action = json.inner("action")?.let(::actionNote) ?: json.fail("action", "an object"),
        request = json.inner("request")?.let(::requestShape),
        signals = json.list("signals", ::signalNote),
        calls = json.list("encoder_calls", ::encodeCall),
        projections = lazyOf(projections),
        decisions = lazyOf(decisions),
        candidates = lazyOf(candidates),
        usage = json.inner("usage")?.let(::usageNote),
        measured = json.inner("measured")?.let(::figures) ?: NO_FIGURES,
        traits = traits(json.inner("traits"), json.inner("request")?.int("user_text_length") ?: 0),
        served = json.textOrNull("served_model"),
        conversation = json.textOrNull("conversation"),
        end = json.inner("end")?.let(::endNote),
        verdicts = json.inner("verdicts")?.let(::verdicts) ?: VerdictSums.NONE,
        propensities = lazyOf(json.numbers(PROPENSITIES).ifEmpty { said(candidates) }),
    )
}

/** What each candidate's own chance comes to; null where one is not known. */
private fun said(candidates: List<CandidateNote>): Map<String, Double>? {
    val chances = LinkedHashMap<String, Double>()
    candidates.forEach { chances.merge(it.label, it.propensity ?: return null, Double::plus) }
    return chances.ifEmpty { null }
}

private fun actionNote(json: Fields) =
    ActionNote(
        kind = json.oneOf("kind", ActionNote.Kind.entries),
        model = json.textOrNull("model"),
        status = json.intOrNull("status"),
        code = json.textOrNull("code"),
        message = json.textOrNull("message"),
    )

private fun requestShape(json: Fields) =
    RequestShape(
        messages = json.int("messages"),
        images = json.int("images"),
        tools = json.int("tools"),
        metadataEntries = json.int("metadata_entries"),
        textLength = json.long("text_length"),
        userTextLength = json.int("user_text_length"),
        isIdentified = json.flag("identified"),
    )

private fun signalNote(json: Fields): SignalNote {
    val state = json.text("state")
    val reading =
        when (state) {
            "failed" -> {
                Reading.Failed(json.text("reason"))
            }

            "matched", "not_matched" -> {
                val labels = json
                    .inner("labels")
                    ?.inners()
                    .orEmpty()
                    .mapValues { (_, part) -> seen(part, part.text("state")) }
                seen(json, state).copy(found = json.texts("found"), labels = labels)
            }

            else -> {
                json.fail("state", "matched, not_matched or failed")
            }
        }
    return SignalNote(SignalRef(json.text("type"), json.text("name")), reading)
}

private fun seen(json: Fields, state: String) =
    Reading.Seen(state == "matched", json.number("confidence"), json.numberOrNull("value"))

private fun decisionNote(json: Fields) =
    DecisionNote(json.text("name"), json.oneOf("truth", Truth.entries), json.number("confidence"), json.text("reason"), json.flag("picked"))

private fun candidateNote(json: Fields) =
    CandidateNote(
        model = json.text("model"),
        lora = json.textOrNull("lora"),
        score = json.number("score"),
        reason = json.text("reason"),
        notTaken = json.textOrNull("not_taken"),
        propensity = json.numberOrNull("propensity"),
        parts = json.numbers("parts"),
    )

private fun usageNote(json: Fields) =
    UsageNote(
        promptTokens = json.longOrNull("prompt_tokens"),
        completionTokens = json.longOrNull("completion_tokens"),
        cachedTokens = json.longOrNull("cached_tokens"),
        estimated = json.flag("estimated"),
        cost = json.numberOrNull("cost"),
        costEstimated = json.number("cost_estimated"),
        currency = json.textOrNull("currency"),
    )
