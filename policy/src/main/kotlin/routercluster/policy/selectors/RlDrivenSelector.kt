package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import kotlin.math.pow

/**
 * Explores less the more verdicts there are. A candidate's share of good verdicts is Beta(1 + good, 1 + bad), with the quality of its card
 * counted in as [Quality.CARD_VERDICTS] verdicts. With the chance `max(explorationMin, explorationRate * explorationDecay^verdicts)` the request
 * explores: one draw of each is compared ([samples]), or one candidate is taken by chance; else the means are compared.
 *
 * @property costWeight what the priciest candidate loses of its share, a cheaper one in proportion; 0 leaves cost out, and so does a price
 *   that is not known
 */
data class RlDrivenSelector(
    val explorationRate: Double = 0.3,
    val explorationDecay: Double = 0.99,
    val explorationMin: Double = 0.05,
    val samples: Boolean = true,
    val costWeight: Double = 0.0,
) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val prices = Prices(candidates, context.measured)
        val arms = candidates.map { arm(it, context, prices) }
        val rate = maxOf(explorationMin, explorationRate * explorationDecay.pow(arms.sumOf { it.verdicts }))
        val explores = context.random.nextDouble() < rate
        val best = arms.maxBy { it.share.mean - it.cost }
        val scored = arms.map { arm ->
            val value = when {
                !explores -> arm.share.mean
                samples -> context.random.beta(arm.share.alpha, arm.share.beta)
                else -> context.random.nextDouble()
            }
            val how = if (explores) "explores one time in ${rounded(1 / rate, 1)}: drew" else "mean"
            val chance = if (samples) null else rate / arms.size + if (arm === best) 1 - rate else 0.0
            val lost = if (explores && !samples) 0.0 else arm.cost
            val reason = listOfNotNull(
                "$how ${rounded(value, 3)} of ${arm.told}",
                prices.lack()?.takeIf { costWeight > 0.0 },
            ).joinToString()
            Ranked(
                arm.candidate,
                value - lost,
                reason,
                chance,
                mapOf("value" to value, "cost" to -lost),
                isExplored = arm !== best,
            )
        }
        return scored.sortedByDescending { it.score }
    }

    private fun arm(candidate: Candidate, context: SelectionContext, prices: Prices): Arm {
        val verdicts = context.measured.statistics(candidate.model.name).verdicts
        val card = candidate.model.card.quality
        val cost = costWeight * (prices.share(candidate) ?: 0.0)
        val told =
            "${rounded(verdicts.good, 1)} good and ${rounded(verdicts.badVerdicts, 1)} bad verdicts" + card?.let { ", card $it" }.orEmpty()
        return Arm(candidate, GoodShare.of(candidate, verdicts), verdicts.good + verdicts.badVerdicts, cost, told)
    }

    private class Arm(val candidate: Candidate, val share: GoodShare, val verdicts: Double, val cost: Double, val told: String)

    internal companion object {
        fun read(parameters: Section?): Selector {
            val isCostAware = parameters?.boolean("cost_awareness") ?: false
            val costWeight = parameters?.double("cost_weight", SHARES) ?: 0.2
            return RlDrivenSelector(
                parameters?.double("exploration_rate", SHARES) ?: 0.3,
                parameters?.double("exploration_decay", SHARES) ?: 0.99,
                parameters?.double("min_exploration", SHARES) ?: 0.05,
                parameters?.boolean("use_thompson_sampling") ?: true,
                if (isCostAware) costWeight else 0.0,
            )
        }
    }
}
