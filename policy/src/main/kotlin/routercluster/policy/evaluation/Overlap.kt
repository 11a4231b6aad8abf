package routercluster.policy.evaluation

import java.util.Locale

/**
 * How much a log says of a policy that did not make it.
 *
 * @property trials choices with the result in question
 * @property effective how many choices of the policy itself would say as much: (Σ weight)² / Σ weight² (Kish, 1965)
 * @property largestShare of one choice in the sum of weights, 0..1
 * @property unsupported share of the policy's picks that the log could not have made, 0..1
 */
data class Overlap(val trials: Int, val effective: Double, val largestShare: Double, val unsupported: Double) {
    /** Why nothing can be concluded, in words; null where something can. */
    val refusal: String? =
        when {
            unsupported > UNSUPPORTED_MAX -> {
                "${percent(
                    unsupported,
                )} of its picks are models that the log could not have picked, at most ${percent(UNSUPPORTED_MAX)} may be"
            }

            effective < EFFECTIVE_MIN -> {
                "the log says as much of it as ${rounded(effective)} choices of its own, $EFFECTIVE_MIN are needed"
            }

            largestShare > LARGEST_SHARE_MAX -> {
                "one choice has ${percent(largestShare)} of all weight, at most ${percent(LARGEST_SHARE_MAX)} may be one's"
            }

            else -> {
                null
            }
        }

    companion object {
        const val EFFECTIVE_MIN = 50
        const val LARGEST_SHARE_MAX = 0.1
        const val UNSUPPORTED_MAX = 0.05

        internal fun of(trials: List<Trial>, targets: List<Map<String, Double>>): Overlap {
            val weights = trials.indices.map { trials[it].weight(targets[it]) }
            val sum = weights.sum()
            val squares = weights.sumOf { it * it }
            return Overlap(
                trials.size,
                if (squares > 0.0) sum * sum / squares else 0.0,
                if (sum > 0.0) weights.max() / sum else 0.0,
                if (trials.isEmpty()) 0.0 else trials.indices.sumOf { trials[it].unsupported(targets[it]) } / trials.size,
            )
        }

        private fun percent(share: Double) = "${rounded(share * 100)} %"

        private fun rounded(value: Double) = String.format(Locale.ROOT, "%.1f", value)
    }
}
