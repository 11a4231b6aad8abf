package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.automixFormat
import routercluster.policy.config.format.readInactive

/**
 * What it is worth to begin with a candidate, and to go on with a stronger one where its answer does not do. With `p` for the share of
 * good answers ([Quality]) and `c` for the price in 0..1 of the priciest, in units of one good answer:
 *
 * `V(candidate, steps) = p - tradeoff * c + (1 - p) * discount * max V(stronger, steps - 1)`
 *
 * The last part counts where `p` is below [threshold] and steps are left; stronger is who has a higher `p`. The candidate whose value is
 * the highest is first. One of unknown quality is tried as often as by chance, and price counts only where every candidate has one.
 *
 * @property threshold 0..1: an answer of a model this good is not doubted
 * @property escalationsMax steps, at least 0
 * @property tradeoff what the priciest candidate's price takes from a good answer, 0..1; 0 leaves cost out
 * @property discount what an answer after one more step is worth, 0..1
 */
data class AutomixSelector(
    val threshold: Double = 0.7,
    val escalationsMax: Int = 2,
    val tradeoff: Double = 0.3,
    val discount: Double = 0.95,
) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val qualities = candidates.associateWith { Quality.of(it, context.measured.statistics(it.model.name).verdicts) }
        val prices = Prices(candidates, context.measured)
        val worth = worth(qualities, prices)
        val ranked = worth.map { (candidate, parts) ->
            val reason = listOfNotNull(qualities[candidate]?.reason, prices.lack()?.takeIf { tradeoff > 0.0 }).joinToString()
            Ranked(candidate, parts.values.sum(), reason, parts = parts)
        }
        val unknown = candidates.filter { it !in worth }.map { Unknown(it, Quality.UNKNOWN) }
        return exploring(ranked.sortedByDescending { it.score }, unknown, emptyList(), context.random)
    }

    /** Of each candidate whose quality is known, the parts of its value. */
    internal fun worth(qualities: Map<Candidate, Quality?>, prices: Prices): Map<Candidate, Map<String, Double>> {
        val known = qualities.mapNotNull { (candidate, quality) -> quality?.let { candidate to it.mean } }
        val alone = known.associate { (candidate, p) -> candidate to p - tradeoff * (prices.share(candidate) ?: 0.0) }
        var values = alone
        var escalated = known.associate { (candidate, _) -> candidate to 0.0 }
        repeat(escalationsMax.coerceAtMost(known.size - 1)) {
            val before = values
            escalated = known.associate { (candidate, p) ->
                val stronger = known.filter { it.second > p }.maxOfOrNull { before.getValue(it.first) }
                candidate to if (p < threshold && stronger != null) (1 - p) * discount * stronger.coerceAtLeast(0.0) else 0.0
            }
            values = alone.mapValues { (candidate, value) -> value + escalated.getValue(candidate) }
        }
        return known.associate { (candidate, p) ->
            candidate to mapOf("quality" to p, "cost" to alone.getValue(candidate) - p, "escalation" to escalated.getValue(candidate))
        }
    }

    internal companion object {
        fun read(parameters: Section?): Selector {
            val isCostAware = parameters?.boolean("cost_aware_routing") ?: true
            val tradeoff = parameters?.double("cost_quality_tradeoff", SHARES) ?: 0.3
            parameters?.readInactive(automixFormat["use_logprob_verification"], Feature.LOOPER)
            return AutomixSelector(
                parameters?.double("verification_threshold", SHARES) ?: 0.7,
                parameters?.int("max_escalations", 0..100) ?: 2,
                if (isCostAware) tradeoff else 0.0,
                parameters?.double("discount_factor", SHARES) ?: 0.95,
            )
        }
    }
}
