package routercluster.policy.outcomes

import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.ln1p

/**
 * How strong a model is, by comparisons with other models and by verdicts.
 *
 * @property logOdds logarithm of the odds of a good answer
 * @property games comparisons and verdicts that this rests on
 */
data class Rating(val logOdds: Double, val games: Double)

/**
 * The strengths that make all games the likeliest in the model of Bradley and Terry, `P(i wins against j) = 1 / (1 + exp(s_j - s_i))`. A verdict is a
 * game against the decision's tasks, whose strength is 0, and each model has half a game won and half a game lost against them before any other.
 * So without comparisons a strength is `ln((good + 1/2) / (bad + 1/2))`, and what two models have in common need not be compared to be told.
 *
 * Found by Newton's method on the logarithm of the likelihood, which is concave; sums of whole numbers go in, so it comes to the same in whatever
 * order these were added up.
 *
 * @return of every model that was judged or compared; none where nothing was compared, since verdicts say it all then
 */
internal fun ratings(verdicts: Map<String, VerdictSums>, pairs: Map<ModelPair, PairSums>): Map<String, Rating> {
    if (pairs.isEmpty()) return emptyMap()
    val compared = pairs.keys.flatMap { listOf(it.first, it.second) }
    val models = (verdicts.filterValues { it.goodFit + it.bad > 0 }.keys + compared).sorted()
    val games = Games(models, verdicts, pairs)
    val strengths = games.likeliest()
    return models.withIndex().associate { (place, model) -> model to Rating(strengths[place], games.count(place)) }
}

private class Game(val first: Int, val second: Int, val won: Double, val lost: Double)

private class Games(models: List<String>, verdicts: Map<String, VerdictSums>, pairs: Map<ModelPair, PairSums>) {
    private val good = DoubleArray(models.size) { parts(verdicts[models[it]]?.goodFit) }
    private val bad = DoubleArray(models.size) { parts(verdicts[models[it]]?.bad) }
    private val games = models.withIndex().associate { (place, model) -> model to place }.let { places ->
        // In one order, so that rounding is the same too.
        pairs.toSortedMap(compareBy({ it.first }, { it.second })).map { (pair, sums) ->
            Game(places.getValue(pair.first), places.getValue(pair.second), parts(sums.first), parts(sums.second))
        }
    }

    private fun parts(thousandths: Long?): Double = (thousandths ?: 0).toDouble() / VerdictSums.WHOLE

    fun count(place: Int): Double =
        good[place] + bad[place] + games.filter { it.first == place || it.second == place }.sumOf { it.won + it.lost }

    fun likeliest(): DoubleArray {
        var strengths = DoubleArray(good.size) { ln((good[it] + HALF) / (bad[it] + HALF)) }
        var reached = likelihood(strengths)
        repeat(STEPS_MAX) {
            val step = step(strengths)
            var length = 1.0
            var next = moved(strengths, step, length)
            while (likelihood(next) < reached && length > LENGTH_MIN) {
                length /= 2
                next = moved(strengths, step, length)
            }
            strengths = next
            reached = likelihood(next)
            if (step.all { abs(it) * length < EXACT }) return strengths
        }
        return strengths
    }

    private fun moved(from: DoubleArray, step: DoubleArray, length: Double) = DoubleArray(from.size) { from[it] + length * step[it] }

    private fun likelihood(s: DoubleArray): Double =
        s.indices.sumOf { (good[it] + HALF) * logChance(s[it]) + (bad[it] + HALF) * logChance(-s[it]) } +
            games.sumOf { it.won * logChance(s[it.first] - s[it.second]) + it.lost * logChance(s[it.second] - s[it.first]) }

    /** What solves `curvature * step = slope`. */
    private fun step(s: DoubleArray): DoubleArray {
        val slope = DoubleArray(s.size) { good[it] + HALF - (good[it] + bad[it] + 1) * chance(s[it]) }
        val curvature = Array(s.size) { row ->
            DoubleArray(s.size) { column -> if (row == column) (good[row] + bad[row] + 1) * spread(s[row]) else 0.0 }
        }
        for (game in games) {
            val (i, j) = game.first to game.second
            val lead = game.won - (game.won + game.lost) * chance(s[i] - s[j])
            val bend = (game.won + game.lost) * spread(s[i] - s[j])
            slope[i] += lead
            slope[j] -= lead
            curvature[i][i] += bend
            curvature[j][j] += bend
            curvature[i][j] -= bend
            curvature[j][i] -= bend
        }
        return solved(curvature, slope)
    }

    /** By elimination; what is largest stands on the diagonal already, so no rows change places. */
    private fun solved(a: Array<DoubleArray>, right: DoubleArray): DoubleArray {
        val size = right.size
        for (i in 0 until size) {
            for (row in i + 1 until size) {
                val factor = a[row][i] / a[i][i]
                if (factor == 0.0) continue
                for (column in i until size) a[row][column] -= factor * a[i][column]
                right[row] -= factor * right[i]
            }
        }
        for (i in size - 1 downTo 0) {
            for (column in i + 1 until size) right[i] -= a[i][column] * right[column]
            right[i] /= a[i][i]
        }
        return right
    }

    private companion object {
        const val HALF = 0.5
        const val STEPS_MAX = 50
        const val LENGTH_MIN = 1e-6
        const val EXACT = 1e-9

        fun chance(lead: Double): Double = 1 / (1 + exp(-lead))

        fun spread(lead: Double): Double = chance(lead).let { it * (1 - it) }.coerceAtLeast(1e-12)

        /** ln of [chance], also where that is next to 0. */
        fun logChance(lead: Double): Double = if (lead < 0) lead - ln1p(exp(lead)) else -ln1p(exp(-lead))
    }
}
