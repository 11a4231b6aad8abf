package routercluster.policy.projections

import routercluster.policy.decisions.Predicate
import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.max
import kotlin.math.min

/**
 * Names for the ranges that a score falls into.
 *
 * @property firstOnly whether only the first output holds whose band the score lies in, else all do
 * @property slope how fast confidence rises with the distance from the edge of a band
 */
class Mapping(
    val name: String,
    val score: Int,
    val firstOnly: Boolean,
    val slope: Double,
    val outputs: List<Output>,
) {
    class Output(val name: String, val band: Predicate)

    /** Whether [output] holds whatever the score is between [low] and [high]. */
    fun mustHold(output: Int, low: Double, high: Double): Boolean =
        outputs[output].band.covers(low, high) && earlier(output).none { it.band.meets(low, high) }

    /** Whether [output] may hold for a score between [low] and [high]; certain to be false only where it says so. */
    fun mayHold(output: Int, low: Double, high: Double): Boolean =
        outputs[output].band.meets(low, high) && earlier(output).none { it.band.covers(low, high) }

    private fun earlier(output: Int): List<Output> = if (firstOnly) outputs.subList(0, output) else emptyList()

    /** The least confidence with which [output] holds for a score between [low] and [high]. */
    fun leastConfidence(output: Int, low: Double, high: Double): Double {
        val band = outputs[output].band
        // Inside a band the distance to its nearest edge rises and then falls, so it is least at an end.
        val from = max(low, band.from)
        val to = min(high, band.to)
        return min(confidence(band, from), confidence(band, to))
    }

    private fun confidence(band: Predicate, score: Double): Double {
        val distance = listOfNotNull(band.gt, band.gte, band.lt, band.lte).minOfOrNull { abs(score - it) } ?: 1.0
        return 1.0 / (1.0 + exp(-slope * distance))
    }
}

private val Predicate.from: Double get() = max(gt ?: Double.NEGATIVE_INFINITY, gte ?: Double.NEGATIVE_INFINITY)
private val Predicate.to: Double get() = min(lt ?: Double.POSITIVE_INFINITY, lte ?: Double.POSITIVE_INFINITY)

/** Whether it holds for every number from [low] to [high]. */
private fun Predicate.covers(low: Double, high: Double): Boolean = holds(low) && holds(high)

/** Whether it holds for some number from [low] to [high]; bounds that nothing lies between are refused before. */
private fun Predicate.meets(low: Double, high: Double): Boolean =
    (gt == null || high > gt) && (gte == null || high >= gte) && (lt == null || low < lt) && (lte == null || low <= lte)
