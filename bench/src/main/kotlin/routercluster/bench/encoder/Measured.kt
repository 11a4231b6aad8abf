package routercluster.bench.encoder

/**
 * @property perSecond requests answered
 * @property allocated bytes of heap a request, over all threads
 * @property batch mean of the passes' rows
 */
class Measured(val perSecond: Double, val latencies: List<Long>, val allocated: Long, val batch: Double) {
    /** Milliseconds. */
    fun quantile(share: Double): Double = latencies.sorted().let { it[minOf(it.size - 1, (share * it.size).toInt())] } / 1e6
}
