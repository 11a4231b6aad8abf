package routercluster.policy.record

import routercluster.policy.Candidate
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.decisions.Ruling
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.NO_FIGURES
import routercluster.policy.plugins.Plugin
import routercluster.policy.routing.Target
import routercluster.policy.routing.resolve
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.label
import routercluster.policy.selectors.propensities

/** With what chance a policy would pick each model for a recorded request. */
sealed interface Chances {
    /** @property byModel 0..1, together 1; by the labels of candidates */
    class Known(val byModel: Map<String, Double>) : Chances

    /** @property reason in words */
    class Unknown(val reason: String) : Chances
}

/** The chances of [policy] for the request of [record], by the recorded readings and figures. */
fun chances(record: DecisionRecord, policy: Policy): Chances =
    when (val target = policy.resolve(record.asked)) {
        is Target.Unknown -> Chances.Unknown("the name that was asked for means nothing")
        is Target.Concrete -> Chances.Known(mapOf(target.model.name to 1.0))
        is Target.Routed -> routedChances(record, policy, target.recipe)
    }

private fun routedChances(record: DecisionRecord, policy: Policy, recipe: Recipe): Chances {
    val refs = recipe.signals.map { it.ref }
    val evidence = evidence(record.signals.associate { it.ref to it.reading }, refs)
    val ruling =
        recipe.engine.ruling(evidence)
            ?: return Chances.Unknown("the record lacks ${recipe.engine.needed(evidence).map(refs::get).joinToString()}")
    return ruledChances(record, policy, recipe, ruling)
}

private fun ruledChances(record: DecisionRecord, policy: Policy, recipe: Recipe, ruling: Ruling): Chances {
    val decision = ruling.decision ?: return Chances.Known(mapOf(policy.defaultModel.name to 1.0))
    if (ruling.isBlocked || decision.plugins.any { it is Plugin.FastResponse }) {
        return Chances.Unknown("no model would be asked")
    }
    val candidates = decision.candidates.ifEmpty { listOf(Candidate(policy.defaultModel)) }
    candidates.singleOrNull()?.let { return Chances.Known(mapOf(it.label to 1.0)) }
    // What is known of a model is known of it in one decision.
    val isSameDecision = record.recipe == recipe.name && record.decision == decision.name
    val figures = RecordedFigures(if (isSameDecision) record.measured else NO_FIGURES)
    val traits = record.traits.recorded()
    val byModel = decision.selector.propensities(candidates, figures, traits)
    // Chances are over all units, so nobody need know which this was.
    val unrecorded = traits.unrecorded(recipe.sights.needs(decision) - Need.UNIT)
    return when {
        unrecorded.isNotEmpty() -> Chances.Unknown("the record lacks ${unrecorded.joinToString { it.key }}, which the selector goes by")
        figures.isLacking -> Chances.Unknown("the record lacks figures of models, which the selector goes by")
        else -> Chances.Known(byModel)
    }
}

/** Knows whether somebody asked for what [figures] do not hold: nobody asked for it when they were recorded. */
private class RecordedFigures(private val figures: Figures) : Measured {
    var isLacking = false
        private set

    override fun statistics(model: String): ModelStatistics =
        figures.models[model]?.statistics ?: ModelStatistics.NONE.also { isLacking = true }

    override fun inFlight(model: String): Int = figures.models[model]?.inFlight ?: 0.also { isLacking = true }
}
