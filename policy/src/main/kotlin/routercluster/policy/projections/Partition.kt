package routercluster.policy.projections

import routercluster.policy.signals.Reading
import kotlin.math.exp

/**
 * Signals of which at most one may hold.
 *
 * @property members their places among the recipe's signals
 * @property names what rules call them, in the same order
 * @property default the member that holds where none matched
 * @property temperature how sharply softmax tells the winner from the others that matched; null leaves its confidence alone
 */
class Partition(
    val name: String,
    val members: List<Int>,
    val names: List<String>,
    val default: Int,
    val temperature: Double? = null,
) {
    /**
     * Who wins, given the [readings] of all members: the one that matched with the highest confidence, the first of equal ones. Those that
     * failed have not matched; where all failed nobody wins.
     */
    fun settle(readings: List<Reading>): PartitionOutcome {
        val failure = readings.firstNotNullOfOrNull { it as? Reading.Failed }
        val matched = readings.indices.filter { (readings[it] as? Reading.Seen)?.matched == true }
        if (failure != null && readings.all { it is Reading.Failed }) return PartitionOutcome.Failed(failure.reason)
        if (matched.isEmpty()) return PartitionOutcome.Won(default, 1.0, emptyMap())
        val confidences = matched.associateWith { unit((readings[it] as Reading.Seen).confidence) }
        val winner = matched.maxBy(confidences::getValue)
        return PartitionOutcome.Won(winner, confidenceOf(winner, confidences), confidences)
    }

    private fun confidenceOf(winner: Int, confidences: Map<Int, Double>): Double {
        val best = confidences.getValue(winner)
        if (temperature == null || confidences.size == 1) return best
        return 1.0 / confidences.values.sumOf { exp((it - best) / temperature) }
    }

    private fun unit(confidence: Double): Double = if (confidence >= 0.0) minOf(confidence, 1.0) else 0.0
}

/** How a [Partition] came out in one request; members are named by their place in it. */
sealed interface PartitionOutcome {
    /** @property matched the members that matched, with their own confidences; empty where [winner] is the default */
    class Won(val winner: Int, val confidence: Double, val matched: Map<Int, Double>) : PartitionOutcome

    class Failed(val reason: String) : PartitionOutcome
}
