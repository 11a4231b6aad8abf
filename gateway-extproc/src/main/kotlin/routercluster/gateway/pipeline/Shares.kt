package routercluster.gateway.pipeline

import routercluster.gateway.limits.used
import routercluster.policy.answer.Usage
import routercluster.policy.limits.Amounts
import routercluster.policy.models.Pricing

/**
 * What a request takes of limits. Every attempt counts, also one that nobody waited for: those have had the prompt.
 *
 * @param served the model that answered; null where none did
 * @param reached the models that had the request; one for each attempt
 * @param unserved those of [reached] that worked for nobody
 * @param promptTokens an estimate
 * @param pricingOf a model; null where it has none
 */
internal class Shares(
    private val bill: Bill,
    private val served: String?,
    private val reached: List<String>,
    private val unserved: List<String>,
    private val promptTokens: Long,
    private val pricingOf: (String) -> Pricing?,
) {
    fun all(): Amounts = used(tokensOf(bill.usage) + unserved.size * promptTokens, bill.cost)

    /** The parts of [all] that each model has taken. A model that refused had a request, and no more. */
    fun byModel(): Map<String, Amounts> =
        reached.distinct().associateWith { model ->
            val lost = unserved.count { it == model }
            val usage = bill.usage.takeIf { model == served }
            used(tokensOf(usage) + lost * promptTokens, costOf(model, usage, lost))
        }

    private fun costOf(model: String, usage: Usage?, lost: Int): Double {
        val pricing = pricingOf(model)?.takeIf { it.currency == bill.currency } ?: return 0.0
        return lost * cost(pricing, Usage(promptTokens, 0)) + (usage?.let { cost(pricing, it) } ?: 0.0)
    }

    private fun tokensOf(usage: Usage?): Long = if (usage == null) 0 else usage.promptTokens + usage.completionTokens
}
