package routercluster.policy.decisions

import routercluster.policy.projections.PartitionOutcome
import routercluster.policy.projections.Projections
import routercluster.policy.signals.Reading

/**
 * Where a number lies.
 *
 * @property isFinal whether no reading narrows it further; it may be wide even so, where something failed
 */
internal data class ValueRange(val low: Double, val high: Double, val isFinal: Boolean) {
    companion object {
        val UNKNOWN = ValueRange(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, isFinal = false)
        val NEVER_KNOWN = UNKNOWN.copy(isFinal = true)
    }
}

/**
 * Where partitions and scores stand in one request. A score lies between bounds that each input narrows. They are summed in the
 * order in which the final value is, so that rounding cannot carry it past them.
 */
internal class DerivedStanding private constructor(
    private val projections: Projections,
    private val outcomes: Array<PartitionOutcome?>,
    private val ranges: Array<ValueRange>,
) {
    /** A copy to go on from. */
    fun fork() = if (projections.isEmpty) this else DerivedStanding(projections, outcomes.copyOf(), ranges.copyOf())

    fun outcomeOf(partition: Int): PartitionOutcome? = outcomes[partition]

    fun rangeOf(score: Int): ValueRange = ranges[score]

    /** Once all members were read. */
    fun settlePartition(partition: Int, readings: Array<Reading?>) {
        val members = projections.partitions[partition].members.mapNotNull { readings[it] }
        if (members.size == projections.partitions[partition].members.size) {
            outcomes[partition] = projections.partitions[partition].settle(members)
        }
    }

    fun settleScore(score: Int, rangeOfInput: (Int) -> ValueRange) {
        var low = 0.0
        var high = 0.0
        var isFinal = true
        projections.scores[score].inputs.forEachIndexed { place, input ->
            val range = rangeOfInput(place)
            if (input.weight > 0.0) {
                low += input.weight * range.low
                high += input.weight * range.high
            } else if (input.weight < 0.0) {
                low += input.weight * range.high
                high += input.weight * range.low
            }
            if (input.weight != 0.0) isFinal = isFinal && range.isFinal
        }
        ranges[score] = ValueRange(low, high, isFinal)
    }

    companion object {
        /** Nothing read yet; scores are to be settled once. */
        fun initial(projections: Projections) =
            DerivedStanding(
                projections,
                arrayOfNulls(projections.partitions.size),
                Array(projections.scores.size) { ValueRange.UNKNOWN },
            )
    }
}
