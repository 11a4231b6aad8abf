package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.outcomes.VerdictSums
import kotlin.math.ln
import kotlin.math.pow
import kotlin.math.sqrt
import kotlin.random.Random

/**
 * Thompson sampling over verdicts: every candidate's share of good ones is drawn from what its verdicts leave possible, Beta(1 + good, 1 +
 * bad), and the highest draw is first. One without verdicts may be anything, so it is tried; one that was often judged is tried as often as
 * it may still be the best. That a candidate was more than the task needed counts for neither side.
 */
object ThompsonSelector : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> =
        candidates
            .map { candidate ->
                val verdicts = context.measured.statistics(candidate.model.name).verdicts
                val good = verdicts.goodFit.toDouble() / VerdictSums.WHOLE
                val bad = verdicts.bad.toDouble() / VerdictSums.WHOLE
                val draw = beta(1 + good, 1 + bad, context.random)
                Ranked(candidate, draw, "drew ${rounded(draw, 3)} from ${rounded(good, 1)} good and ${rounded(bad, 1)} bad verdicts")
            }.sortedByDescending { it.score }

    private fun beta(alpha: Double, beta: Double, random: Random): Double {
        val first = gamma(alpha, random)
        return first / (first + gamma(beta, random))
    }

    /** Marsaglia and Tsang, 2000; [shape] is at least 1. */
    private fun gamma(shape: Double, random: Random): Double {
        val d = shape - 1.0 / 3
        val c = 1 / sqrt(9 * d)
        while (true) {
            val normal = normal(random)
            val v = (1 + c * normal).pow(3)
            if (v > 0 && ln(1 - random.nextDouble()) < normal * normal / 2 + d - d * v + d * ln(v)) return d * v
        }
    }

    /** Marsaglia's polar method. */
    private fun normal(random: Random): Double {
        while (true) {
            val x = 2 * random.nextDouble() - 1
            val y = 2 * random.nextDouble() - 1
            val square = x * x + y * y
            if (square > 0 && square < 1) return x * sqrt(-2 * ln(square) / square)
        }
    }
}
