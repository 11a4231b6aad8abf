package routercluster.policy.config.lint

import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.models.Model
import routercluster.policy.selectors.Constraints

/** Constraints that hold nobody back, or everybody, by what the file says of models and limits. */
internal fun idleConstraints(routing: RawRouting, decisions: List<Decision>, policy: Policy): List<Finding> =
    routing.decisions.flatMap { raw ->
        val written = raw.algorithm.constraints ?: return@flatMap emptyList()
        val models = decisions
            .firstOrNull { it.name == raw.name.value }
            ?.candidates
            .orEmpty()
            .map { it.model }
            .distinct()
        told(written.value, models, policy).map { Finding(LintRule.IDLE_CONSTRAINT, written.at, it) }
    }

private fun told(constraints: Constraints, models: List<Model>, policy: Policy): List<String> {
    val perMillionMax = constraints.levels.costPerMillionMax
    val isOfMoney = constraints.costMax != null || constraints.isWithinBudget || perMillionMax != null
    val unpriced = models.filter { it.pricing == null }.map { it.name }
    val cheapest = models.minOfOrNull { model -> model.pricing?.run { minOf(promptPerMillion, completionPerMillion) } ?: 0.0 }
    return listOfNotNull(
        "bounds money, and ${unpriced.joinToString()} has no price: what is not known is never passed over".takeIf {
            isOfMoney && unpriced.isNotEmpty()
        },
        "max_cost_per_1m is below the price of every candidate, so it always decides by on_no_candidates".takeIf {
            perMillionMax != null && cheapest != null && cheapest > perMillionMax
        },
        "within_budget needs a limit of kind cost that depends on neither model nor decision, and there is none".takeIf {
            constraints.isWithinBudget && policy.limits.rules.none { it.isOfCallersMoney }
        },
    )
}
