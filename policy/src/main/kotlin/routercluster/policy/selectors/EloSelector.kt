package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import routercluster.policy.outcomes.ModelStatistics
import kotlin.math.ln
import kotlin.math.pow

/**
 * By ratings as in chess. A verdict is a game of the model against the decision's tasks, which are rated [initialRating] for ever: good is won, bad
 * is lost. The rating is the one that makes what was won the likeliest in the model of Bradley and Terry, `P(won) = 1 / (1 +
 * 10^((task - rating) / 400))`, after a game that was neither: `initial + 400 * log10((good + 1/2) / (bad + 1/2))`. Unlike a running Elo it
 * comes to the same in whatever order verdicts come, so sums of several nodes add up. Where models were compared with each other, these are games
 * too, and all ratings are found together ([routercluster.policy.outcomes.Rating]). Score: the chance to win.
 *
 * A candidate with fewer than [comparisonsMin] verdicts and comparisons is tried as often as by chance.
 *
 * @property costScaling how many times 400 points the priciest candidate loses, a cheaper one in proportion; nothing is lost where a
 *   price is not known
 */
data class EloSelector(val initialRating: Double = 1_500.0, val comparisonsMin: Int = 5, val costScaling: Double = 0.0) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val prices = Prices(candidates, context.measured)
        val standings = candidates.map { standing(it, context.measured.statistics(it.model.name)) }
        val (known, unknown) = standings.partition { it.games >= comparisonsMin }
        val ranked = known.map { standing ->
            val lost = if (costScaling > 0.0) costScaling * POINTS * (prices.share(standing.candidate) ?: 0.0) else 0.0
            val score = 1 / (1 + 10.0.pow((initialRating - standing.rating + lost) / POINTS))
            val lack = prices.lack()?.takeIf { costScaling > 0.0 }
            val reason = "rating ${rounded(standing.rating, 0)} of ${standing.told}"
            val parts = mapOf("rating" to standing.rating, "cost" to -lost)
            Ranked(standing.candidate, score, listOfNotNull(reason, lack).joinToString(), parts = parts)
        }
        val untried = unknown.map { Unknown(it.candidate, "${it.told}, $comparisonsMin are needed") }
        return exploring(ranked.sortedByDescending { it.score }, untried, emptyList(), context.random)
    }

    private class Standing(val candidate: Candidate, val rating: Double, val games: Double, val told: String)

    private fun standing(candidate: Candidate, known: ModelStatistics): Standing {
        val (good, bad) = known.verdicts.good to known.verdicts.badVerdicts
        val judged = "${rounded(good, 1)} good and ${rounded(bad, 1)} bad verdicts"
        val rated = known.rating
        if (rated == null) return Standing(candidate, points(ln((good + HALF) / (bad + HALF))), good + bad, judged)
        return Standing(candidate, points(rated.logOdds), rated.games, "$judged, ${rounded(rated.games - good - bad, 1)} comparisons")
    }

    private fun points(logOdds: Double): Double = initialRating + POINTS * logOdds / ln(10.0)

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
