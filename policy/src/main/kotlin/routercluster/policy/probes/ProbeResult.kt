package routercluster.policy.probes

import routercluster.policy.Policy
import routercluster.policy.decisions.Evidence
import routercluster.policy.decisions.Explanation
import routercluster.policy.decisions.Matches
import routercluster.policy.decisions.Truth
import routercluster.policy.decisions.explain
import routercluster.policy.decisions.number
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.signals.Reading

/**
 * What came of one probe.
 *
 * @property recipe the one that decided; null where none did
 * @property decision null where none matched
 * @property askedEncoders whether the decision needed an answer of an encoder
 * @property differences from what was expected, in words; empty where the probe passed
 */
class ProbeResult(
    val probe: Probe,
    val recipe: String?,
    val decision: String?,
    val askedEncoders: Boolean,
    val differences: List<String>,
) {
    val passed: Boolean get() = differences.isEmpty()

    /** Whether the decision is the expected one, whatever else is not. */
    val isDecidedRight: Boolean get() = probe.decision == null || probe.decision == decision
}

/** The model name that [probe] asks for; [recipe], where given, routes probes that name no model. */
fun Policy.modelOf(probe: Probe, recipe: String?): String {
    val auto = autoNames.first()
    return probe.model ?: recipe?.let { "$auto:recipe=$it" } ?: auto
}

/** The places of the signals that [probe] wants to know of beside its decision, in the recipe that [target] routes by. */
fun wanted(probe: Probe, target: Target): Set<Int> {
    val recipe = (target as? Target.Routed)?.recipe ?: return emptySet()
    val names = (probe.expected.entries + probe.forbidden.entries).flatMap { (type, names) -> names.map { type to it } }
    return names.flatMapTo(mutableSetOf()) { (type, name) -> Matches.needs(recipe, type, name) }
}

/**
 * Compares a [plan] that read all that the probe wants to know with what is expected.
 *
 * @param lazy the plan that read no more than its decision needed
 */
fun judge(probe: Probe, plan: Plan, lazy: Plan): ProbeResult {
    val recipe = plan.recipe?.let { plan.policy.recipes[it] }
    val readings = plan.readings.toMap()
    val evidence = Evidence(recipe?.signals.orEmpty().map { readings[it.ref] })
    val differences = mutableListOf<String>()
    val action = plan.action
    if (action is Action.Refuse) differences += "refused with ${action.status} ${action.code}: ${action.message}"
    compare("recipe", probe.recipe, plan.recipe)?.let(differences::add)
    compare("decision", probe.decision, plan.decision?.name)?.let { difference ->
        differences += difference + recipe?.let { ": " + whyNot(probe, explain(it, evidence)) }.orEmpty()
    } ?: differences.addAll(consequences(probe, plan))
    if (recipe != null) {
        val matches = Matches(recipe, evidence)
        probe.expected.forEach { (type, names) ->
            names.filterNot { matches.has(type, it) }.forEach { differences += "$type:$it did not match${seen(type, it, plan)}" }
        }
        probe.forbidden.forEach { (type, names) ->
            names.filter { matches.has(type, it) }.forEach { differences += "$type:$it matched, which is forbidden${seen(type, it, plan)}" }
        }
    }
    return ProbeResult(probe, plan.recipe, plan.decision?.name, lazy.calls.isNotEmpty(), differences)
}

/** Why the expected decision did not win, and where it matched, why the one that did could. */
private fun whyNot(probe: Probe, explained: List<Explanation>): String {
    val lost = explained.firstOrNull { it.verdict.decision == probe.decision } ?: return "the recipe has no such decision"
    val won = explained.firstOrNull { it.picked }?.takeIf { lost.verdict.truth == Truth.TRUE }
    return listOfNotNull(lost.reason, won?.let { "${it.verdict.decision} matched: ${it.reason}" }).joinToString("; ")
}

/** What is the decision's own; where another decision won, saying so is enough. */
private fun consequences(probe: Probe, plan: Plan): List<String> {
    val decision = plan.decision
    val forward = plan.action as? Action.Forward
    return listOfNotNull(
        compare("algorithm", probe.algorithm, decision?.written?.algorithm),
        compare(
            "plugins",
            probe.plugins?.sorted()?.joinToString(),
            decision
                ?.written
                ?.plugins
                ?.sorted()
                ?.joinToString(),
        ),
        forward?.let { wrongAlias(probe, it) },
    )
}

/** The model that is expected need only be one of the candidates: which of them goes first is the algorithm's to say. */
private fun wrongAlias(probe: Probe, forward: Action.Forward): String? {
    val models = forward.ranked.map { it.candidate.model.name }
    return if (probe.alias == null ||
        probe.alias in models
    ) {
        null
    } else {
        "model expected ${probe.alias}, candidates were ${models.joinToString()}"
    }
}

private fun compare(what: String, expected: String?, actual: String?): String? =
    if (expected == null || expected == actual) null else "$what expected $expected, was ${actual?.ifEmpty { "none" } ?: "none"}"

private fun seen(type: String, name: String, plan: Plan): String {
    val base = name.substringBeforeLast(':')
    val reading = plan.readings.firstOrNull { (ref, _) -> ref.type == type && (ref.name == name || ref.name == base) }?.second
    return when (reading) {
        null -> ""
        is Reading.Failed -> " (failed: ${reading.reason})"
        is Reading.Seen -> " (confidence ${number(reading.confidence)}${reading.value?.let { ", value ${number(it)}" }.orEmpty()})"
    }
}
