package routercluster.policy.evaluation

import kotlin.random.Random

/** A value with the interval that holds the true one in [CONFIDENCE] of all logs. */
data class Interval(val value: Double, val low: Double, val high: Double) {
    companion object {
        const val CONFIDENCE = 0.95
    }
}

/**
 * Draws logs from a log (Efron, 1979), to see how far an estimate could have come out otherwise. All draws of one log with the same seed are
 * the same ones, so estimates of two policies can be subtracted draw by draw. Of a long log, blocks of choices are drawn in place
 * of single ones: estimates are functions of sums, so a block stands for its choices.
 */
internal class Bootstrap(private val trials: Int, seed: Long) {
    private val blockOf: IntArray
    private val drawn: List<IntArray>

    init {
        val random = Random(seed)
        val blocks = minOf(trials, BLOCKS_MAX)
        val places = IntArray(trials) { it }.also { it.shuffle(random) }
        blockOf = IntArray(trials)
        places.forEachIndexed { place, trial -> blockOf[trial] = place % blocks }
        drawn = List(DRAWS) { IntArray(blocks) { random.nextInt(blocks) } }
    }

    /** The sums of each drawn log, of those of the log's choices in their order. */
    fun draws(sums: List<Sums>): List<Sums> {
        require(sums.size == trials) { "${sums.size} sums of $trials choices" }
        val blocks = Array(minOf(trials, BLOCKS_MAX)) { Sums() }
        sums.forEachIndexed { trial, sum -> blocks[blockOf[trial]] += sum }
        return drawn.map { Sums.of(it.size) { place -> blocks[it[place]] } }
    }

    companion object {
        const val DRAWS = 1_000
        private const val BLOCKS_MAX = 1_000

        /** The middle [Interval.CONFIDENCE] of [values] around [value]; draws that say nothing are left out. */
        fun interval(value: Double, values: List<Double>): Interval {
            val known = values.filter(Double::isFinite).sorted()
            if (known.isEmpty()) return Interval(value, Double.NaN, Double.NaN)
            val tail = (1 - Interval.CONFIDENCE) / 2
            return Interval(value, known.quantile(tail), known.quantile(1 - tail))
        }

        private fun List<Double>.quantile(share: Double): Double = this[(share * lastIndex).toInt().coerceIn(0, lastIndex)]
    }
}
