package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.classify.Entity
import routercluster.policy.classify.FactCheckFinding
import routercluster.policy.classify.FeedbackFinding
import routercluster.policy.classify.Finding
import routercluster.policy.classify.Judge
import routercluster.policy.classify.Judges
import routercluster.policy.classify.PiiFinding
import routercluster.policy.classify.Questions
import routercluster.policy.classify.ThreatFinding
import routercluster.policy.classify.TopicFinding
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.BadRequest
import java.util.Locale

/** A classification as one call wants it: who judges, and how that is shown. */
internal class Task<T : Finding>(private val judge: Judge<T>, private val show: (T) -> ObjectNode) {
    /** Puts it to [text]; what comes back makes an answer of the results of all [questions]. */
    fun ask(questions: Questions, text: String): (List<PassageResult>) -> ShownFinding {
        val asked = questions.ask(judge, text)
        return { results -> asked.answer(results).let { ShownFinding(it, show(it).addCoverage(it.coverage)) } }
    }
}

internal class ShownFinding(val finding: Finding, val json: ObjectNode)

/** What the API classifies texts by, each with the options that it takes. */
internal enum class TaskType(val key: String, val task: (Judges, ApiBody) -> Task<*>) {
    INTENT("intent", { judges, options -> topicTask(judges, options, options.threshold()) }),
    PII("pii", { judges, options -> piiTask(judges, options, options.threshold()) }),
    SECURITY("security", { judges, options -> threatTask(judges, options.threshold()) }),
    FACT_CHECK("fact-check", { judges, options -> Task(judges.factCheck(options.threshold()), FactCheckFinding::show) }),
    USER_FEEDBACK("user-feedback", { judges, options -> Task(judges.feedback(options.threshold()), FeedbackFinding::show) }),
}

private fun ApiBody.threshold(): Double? = fraction("confidence_threshold")

/** Where positions of entities are counted from 0; both count the original text. */
internal enum class OffsetUnit(val key: String, val of: (Entity) -> IntRange) {
    CODE_POINT("code_point", Entity::codePoints),
    UTF16("utf16", Entity::utf16),
}

/** @param threshold null is the policy's own */
internal fun topicTask(judges: Judges, options: ApiBody, threshold: Double? = null): Task<TopicFinding> {
    val withProbabilities = options.flag("return_probabilities") ?: false
    return Task(judges.topic(threshold)) { it.show(withProbabilities) }
}

internal fun threatTask(judges: Judges, threshold: Double? = null): Task<ThreatFinding> = Task(
    judges.threat(threshold),
    ThreatFinding::show,
)

internal fun piiTask(judges: Judges, options: ApiBody, threshold: Double? = null): Task<PiiFinding> {
    val types = options.names("entity_types")?.toSet()
    val view =
        PiiView(
            positions = options.flag("return_positions") ?: true,
            masks = options.flag("mask_entities") ?: false,
            reveals = options.flag("reveal_entity_text") ?: false,
            unit = options.oneOf("offset_unit", OffsetUnit.entries.associateBy { it.key }) ?: OffsetUnit.CODE_POINT,
        )
    val known = judges.piiTypes()
    if (types != null && !known.containsAll(types)) {
        val message = "`entity_types` names a type that the PII head does not know; accepted: ${known.sorted().joinToString()}"
        throw BadRequest(422, "unknown_entity_type", message, "options.entity_types")
    }
    return Task(judges.pii(types, threshold), view::show)
}

private fun TopicFinding.show(withProbabilities: Boolean): ObjectNode {
    val json = obj()
        .put("category", label)
        .put("confidence", confidence)
        .put("entropy", entropy)
        .put("abstained", abstained)
    if (withProbabilities) json.putProbabilities(probabilities)
    return json
}

private fun ThreatFinding.show(): ObjectNode {
    val json =
        obj()
            .put("is_jailbreak", isThreat)
            .put("risk_score", risk)
            .put("confidence", confidence)
            .put("abstained", abstained)
            .put("recommendation", recommendation(isThreat))
            .put("reasoning", "risk %.3f in the worst piece of the text; %.3f and more is a jailbreak".format(Locale.ROOT, risk, threshold))
    json.putArray("detection_types").apply { if (isThreat) add(label) }
    json.putArray("patterns_detected").apply { threats.forEach(::add) }
    return json
}

private fun FactCheckFinding.show(): ObjectNode =
    obj()
        .put("needs_fact_check", needed)
        .put("label", label)
        .put("confidence", confidence)
        .put("abstained", abstained)

private fun FeedbackFinding.show(): ObjectNode =
    obj()
        .put("feedback_type", label)
        .put("label", headLabel)
        .put("confidence", confidence)
        .put("abstained", abstained)

/** What a call wants to see of personal data. */
private class PiiView(val positions: Boolean, val masks: Boolean, val reveals: Boolean, val unit: OffsetUnit) {
    fun show(finding: PiiFinding): ObjectNode {
        val isFound = finding.entities.isNotEmpty()
        val json = obj().put("has_pii", isFound).put("security_recommendation", recommendation(isFound))
        val list = json.putArray("entities")
        finding.entities.forEach { list.add(show(finding, it)) }
        if (positions) json.put("offset_unit", unit.key)
        if (masks) json.put("masked_text", finding.masked())
        return json
    }

    private fun show(finding: PiiFinding, entity: Entity): ObjectNode {
        val json = obj().put("type", entity.type).put("confidence", entity.confidence)
        if (positions) unit.of(entity).let { json.put("start", it.first).put("end", it.last + 1) }
        if (masks) json.put("masked_value", entity.mask)
        if (reveals) json.put("value", finding.textOf(entity))
        return json
    }
}

private fun recommendation(isBad: Boolean) = if (isBad) "block" else "allow"

internal fun ObjectNode.putProbabilities(probabilities: Map<String, Double>) {
    val json = putObject("probabilities")
    probabilities.forEach(json::put)
}

internal fun ObjectNode.addCoverage(coverage: Coverage): ObjectNode {
    putObject("coverage").put("complete", coverage.isWhole).put("windows", coverage.windows).put("tokens", coverage.tokens)
    return this
}
