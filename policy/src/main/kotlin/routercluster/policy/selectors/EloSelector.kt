package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import kotlin.math.log10
import kotlin.math.pow

/**
 * By ratings as in chess. A verdict is a game of the model against the decision's tasks, which are rated [initialRating] for ever: good is won, bad
 * is lost. The rating is the one that makes what was won the likeliest in the model of Bradley and Terry, `P(won) = 1 / (1 +
 * 10^((task - rating) / 400))`, after a game that was neither: `initial + 400 * log10((good + 1/2) / (bad + 1/2))`. Unlike a running Elo it
 * comes to the same in whatever order verdicts come, so sums of several nodes add up. Score: the chance to win.
 *
 * A candidate with fewer than [comparisonsMin] verdicts is tried as often as by chance.
 *
 * @property costScaling how many times 400 points the priciest candidate loses, a cheaper one in proportion; nothing is lost where a
 *   price is not known
 */
data class EloSelector(val initialRating: Double = 1_500.0, val comparisonsMin: Int = 5, val costScaling: Double = 0.0) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val prices = Prices(candidates, context.measured)
        val verdicts = candidates.associateWith { context.measured.statistics(it.model.name).verdicts }
        val (known, unknown) = candidates.partition { verdicts.getValue(it).run { good + badVerdicts } >= comparisonsMin }
        val ranked = known.map { candidate ->
            val sums = verdicts.getValue(candidate)
            val rating = initialRating + POINTS * log10((sums.good + HALF) / (sums.badVerdicts + HALF))
            val lost = if (costScaling > 0.0) costScaling * POINTS * (prices.share(candidate) ?: 0.0) else 0.0
            val score = 1 / (1 + 10.0.pow((initialRating - rating + lost) / POINTS))
            val lack = prices.lack()?.takeIf { costScaling > 0.0 }
            val reason = "rating ${rounded(rating, 0)} of ${rounded(sums.good, 1)} good and ${rounded(sums.badVerdicts, 1)} bad verdicts"
            Ranked(candidate, score, listOfNotNull(reason, lack).joinToString(), parts = mapOf("rating" to rating, "cost" to -lost))
        }
        val untried = unknown.map {
            val told = verdicts.getValue(it).run { good + badVerdicts }
            Unknown(it, "${rounded(told, 1)} verdicts, $comparisonsMin are needed")
        }
        return exploring(ranked.sortedByDescending { it.score }, untried, emptyList(), context.random)
    }

    internal companion object {
        private const val POINTS = 400.0
        private const val HALF = 0.5

        fun read(parameters: Section?): Selector =
            EloSelector(
                parameters?.double("initial_rating", 0.0..10_000.0) ?: 1_500.0,
                parameters?.int("min_comparisons", 1..1_000_000) ?: 5,
                parameters?.double("cost_scaling_factor", 0.0..10.0) ?: 0.0,
            )
    }
}
