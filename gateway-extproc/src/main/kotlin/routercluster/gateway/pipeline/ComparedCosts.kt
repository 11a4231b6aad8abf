package routercluster.gateway.pipeline

import routercluster.policy.answer.Usage
import routercluster.policy.models.Model
import routercluster.policy.routing.Plan
import routercluster.telemetry.ComparedCost

/** Null unless all prices are known, in one currency. That another model may use other tokens for the same answer is left out. */
internal fun comparedCost(plan: Plan, served: Model?, usage: Usage?): ComparedCost? {
    val candidates = plan.decision
        ?.candidates
        ?.map { it.model }
        .orEmpty()
    if (served == null || usage == null || candidates.isEmpty()) return null
    val all = candidates + served + plan.policy.defaultModel
    val prices = all.map { it.pricing ?: return null }
    if (prices.map { it.currency }.distinct().size > 1) return null
    val costs = prices.map { cost(it, usage) }
    return ComparedCost(costs[candidates.size], costs.take(candidates.size).max(), costs.last())
}
