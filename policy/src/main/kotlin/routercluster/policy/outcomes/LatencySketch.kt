package routercluster.policy.outcomes

import java.time.Duration
import java.util.TreeMap
import kotlin.math.ceil
import kotlin.math.exp
import kotlin.math.ln

/**
 * How long something took, as counts in bins whose bounds grow by a fixed factor, so that every percentile is known to within
 * [ACCURACY] of itself and sketches merge exactly, in any order (DDSketch: Masson, Rim and Lee, 2019). Immutable.
 *
 * @property bins numbers of the bins that hold something, ascending
 * @property counts of [bins], each above 0
 */
class LatencySketch private constructor(private val bins: IntArray, private val counts: LongArray) {
    val count: Long = counts.sum()

    operator fun plus(other: LatencySketch): LatencySketch {
        if (other.bins.isEmpty()) return this
        if (bins.isEmpty()) return other
        val sums = TreeMap<Int, Long>()
        forEach { bin, count -> sums[bin] = count }
        other.forEach { bin, count -> sums.merge(bin, count, Long::plus) }
        return LatencySketch(sums.keys.toIntArray(), sums.values.toLongArray())
    }

    /** The time within which [percent] of 100 were done; null where nothing was measured. */
    fun percentile(percent: Int): Duration? {
        require(percent in 1..100) { "percent is $percent; expected 1 to 100" }
        if (count == 0L) return null
        val rank = ceil(count * percent / 100.0).toLong()
        var seen = 0L
        val place = counts.indices.first {
            seen += counts[it]
            seen >= rank
        }
        return Duration.ofNanos((middle(bins[place]) * NANOS_PER_MICRO).toLong())
    }

    /** Bins and their counts in turn, ascending: what is written down of it. */
    fun toLongs(): LongArray = LongArray(bins.size * 2) { if (it % 2 == 0) bins[it / 2].toLong() else counts[it / 2] }

    private inline fun forEach(action: (bin: Int, count: Long) -> Unit) = bins.indices.forEach { action(bins[it], counts[it]) }

    override fun equals(other: Any?): Boolean =
        other is LatencySketch && bins.contentEquals(other.bins) && counts.contentEquals(other.counts)

    override fun hashCode(): Int = 31 * bins.contentHashCode() + counts.contentHashCode()

    override fun toString(): String = "$count times, median ${percentileOrNothing()}"

    private fun percentileOrNothing() = percentile(50)?.let { "${it.toMillis()} ms" } ?: "unknown"

    companion object {
        /** Relative error of a percentile. */
        const val ACCURACY = 0.02

        val NONE = LatencySketch(IntArray(0), LongArray(0))

        fun of(time: Duration): LatencySketch = LatencySketch(intArrayOf(bin(time)), longArrayOf(1))

        /** @throws IllegalArgumentException for what [toLongs] would not have written */
        fun ofLongs(written: LongArray): LatencySketch {
            require(written.size % 2 == 0 && written.size <= 2 * (BIN_MAX + 1)) { "a sketch of ${written.size} numbers" }
            val bins = IntArray(written.size / 2) { written[2 * it].toInt() }
            val counts = LongArray(written.size / 2) { written[2 * it + 1] }
            require(bins.all { it in 0..BIN_MAX } && (1 until bins.size).all { bins[it - 1] < bins[it] }) { "bins out of order" }
            require(counts.all { it > 0 }) { "a bin without a count" }
            return LatencySketch(bins, counts)
        }

        private const val NANOS_PER_MICRO = 1_000.0
        private const val GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
        private val LOG_GROWTH = ln(GROWTH)

        /** An hour or more; an answer may not take that long. */
        private val BIN_MAX = ceil(ln(3.6e9) / LOG_GROWTH).toInt()

        private fun bin(time: Duration): Int {
            val micros = time.toNanos() / NANOS_PER_MICRO
            return if (micros <= 1.0) 0 else ceil(ln(micros) / LOG_GROWTH).toInt().coerceAtMost(BIN_MAX)
        }

        /** Microseconds that are equally far, in proportion, from both bounds of [bin]. */
        private fun middle(bin: Int): Double = if (bin == 0) 1.0 else 2 * exp(bin * LOG_GROWTH) / (GROWTH + 1)
    }
}
