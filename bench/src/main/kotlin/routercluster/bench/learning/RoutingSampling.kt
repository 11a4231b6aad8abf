package routercluster.bench.learning

import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.ThompsonSelector
import kotlin.random.Random

/**
 * The seed's `routing_sampling` within one decision, as section 4.5 of the feature map states it: a draw from Beta(2 q + good + 1,
 * 2 (1 - q) + underpowered + 1) with q = 1/2, since no card tells a quality, less 0.04 of the cost over the highest and 0.02 of the mean
 * latency over the highest (moving, a tenth new), and 0.001 more for the first candidate. A model that never answered goes first. Nothing
 * fails, is cached or overprovisioned here, so the terms for these are 0.
 *
 * [ThompsonSelector] draws from Beta(1 + good, 1 + bad), which with one more of each is this draw.
 */
internal class RoutingSampling(arms: List<Arm>, private val random: Random) : Learner {
    private val candidates = arms.map { Candidate(Model(it.name, emptyList())) }
    private val prices = arms.map { it.price.promptPerMillion + it.price.completionPerMillion }
    private val tokenMillis = arms.map { it.tokenMillis }
    private val sums = Array(arms.size) { VerdictSums(goodFit = VerdictSums.WHOLE, underpowered = VerdictSums.WHOLE) }
    private val latencies = arrayOfNulls<Double>(arms.size)

    override fun pick(request: Request, live: List<Int>): Int {
        live.firstOrNull { latencies[it] == null }?.let { return it }
        val figures = Figures(live.associate { candidates[it].model.name to ModelFigures(ModelStatistics(verdicts = sums[it])) })
        val drawn = ThompsonSelector
            .rank(
                live.map(candidates::get),
                SelectionContext(random, figures),
            ).associate { it.candidate to it.score }
        val priciest = live.maxOf(prices::get)
        val slowest = live.maxOf { latencies[it] ?: 0.0 }
        return live.maxBy { model ->
            drawn.getValue(candidates[model]) - COST * prices[model] / priciest - LATENCY * (latencies[model] ?: 0.0) / slowest +
                if (model == live.first()) BASE else 0.0
        }
    }

    override fun answered(request: Request, model: Int) {
        val took = tokenMillis[model] * request.slowness
        latencies[model] = latencies[model]?.let { it + NEW * (took - it) } ?: took
    }

    override fun judged(request: Request, model: Int, isGood: Boolean, now: Int) {
        sums[model] += if (isGood) VerdictSums(goodFit = VerdictSums.WHOLE) else VerdictSums(underpowered = VerdictSums.WHOLE)
    }

    private companion object {
        const val COST = 0.04
        const val LATENCY = 0.02
        const val BASE = 0.001
        const val NEW = 0.1
    }
}
