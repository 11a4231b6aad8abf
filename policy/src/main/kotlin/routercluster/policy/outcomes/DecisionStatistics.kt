package routercluster.policy.outcomes

import java.time.Duration
import java.time.Instant

/** The sums of one [model] over one slice of time; [slice] counts slices since 1970. */
data class Cell(val slice: Long, val model: String)

/**
 * What one decision's models did, in slices of time: old slices are dropped as a whole, and what is left is a sum still. Performance
 * is forgotten within minutes, since a slow model may be quick again; verdicts last for weeks, since they are few.
 */
data class DecisionStatistics(
    val performance: Map<Cell, Performance> = emptyMap(),
    val verdicts: Map<Cell, VerdictSums> = emptyMap(),
) {
    val isEmpty: Boolean get() = performance.isEmpty() && verdicts.isEmpty()
    val cells: Int get() = performance.size + verdicts.size

    operator fun plus(other: DecisionStatistics) =
        DecisionStatistics(
            performance.merged(other.performance, Performance::plus),
            verdicts.merged(other.verdicts, VerdictSums::plus),
        )

    /** Without the slices that have left their window at [now]. */
    fun since(now: Instant): DecisionStatistics =
        DecisionStatistics(
            performance.filterKeys { it.slice > slice(now, PERFORMANCE_SLICE) - PERFORMANCE_SLICES },
            verdicts.filterKeys { it.slice > slice(now, VERDICT_SLICE) - VERDICT_SLICES },
        )

    /** The sums of every model over the windows that end at [now]. */
    fun models(now: Instant): Map<String, ModelStatistics> {
        val kept = since(now)
        val performances = kept.performance.sums(Performance::plus)
        val judged = kept.verdicts.sums(VerdictSums::plus)
        return (performances.keys + judged.keys).associateWith {
            ModelStatistics(performances[it] ?: Performance.NONE, judged[it] ?: VerdictSums.NONE)
        }
    }

    companion object {
        val NONE = DecisionStatistics()

        val PERFORMANCE_SLICE: Duration = Duration.ofMinutes(1)
        const val PERFORMANCE_SLICES = 15
        val VERDICT_SLICE: Duration = Duration.ofDays(1)
        const val VERDICT_SLICES = 30

        fun of(outcome: AttemptOutcome) =
            DecisionStatistics(performance = mapOf(Cell(slice(outcome.at, PERFORMANCE_SLICE), outcome.model) to Performance.of(outcome)))

        fun of(feedback: Feedback) =
            DecisionStatistics(verdicts = mapOf(Cell(slice(feedback.at, VERDICT_SLICE), feedback.model) to feedback.sums))

        private fun slice(at: Instant, width: Duration): Long = Math.floorDiv(at.epochSecond, width.toSeconds())
    }
}

private fun <K, V : Any> Map<K, V>.merged(other: Map<K, V>, plus: (V, V) -> V): Map<K, V> {
    if (other.isEmpty()) return this
    val sums = LinkedHashMap(this)
    other.forEach { (key, value) -> sums.merge(key, value, plus) }
    return sums
}

private fun <V : Any> Map<Cell, V>.sums(plus: (V, V) -> V): Map<String, V> {
    val sums = HashMap<String, V>()
    forEach { (cell, value) -> sums.merge(cell.model, value, plus) }
    return sums
}
