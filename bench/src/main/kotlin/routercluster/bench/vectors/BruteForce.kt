package routercluster.bench.vectors

import routercluster.policy.vectors.unit
import java.util.PriorityQueue

/** Compares with every vector, in one array on the heap. */
internal class BruteForce(made: Vectors, private val entries: Int) {
    private val dimension = made.dimension
    private val rows = Array(entries) { unit(made.entry(it)) }

    /** The [limit] nearest of those that are [meant], best first. */
    fun nearest(vector: FloatArray, limit: Int, meant: (Int) -> Boolean): List<Int> {
        val unit = unit(vector)
        val best = PriorityQueue<Pair<Float, Int>>(limit + 1, compareBy { it.first })
        for (i in 0 until entries) {
            if (!meant(i)) continue
            val score = dot(unit, rows[i])
            if (best.size < limit || score > best.peek().first) {
                best += score to i
                if (best.size > limit) best.poll()
            }
        }
        return best.sortedByDescending { it.first }.map { it.second }
    }

    /** With four sums at once, which a processor adds to in parallel. */
    private fun dot(a: FloatArray, b: FloatArray): Float {
        var s0 = 0f
        var s1 = 0f
        var s2 = 0f
        var s3 = 0f
        var i = 0
        while (i + 3 < dimension) {
            s0 = Math.fma(a[i], b[i], s0)
            s1 = Math.fma(a[i + 1], b[i + 1], s1)
            s2 = Math.fma(a[i + 2], b[i + 2], s2)
            s3 = Math.fma(a[i + 3], b[i + 3], s3)
            i += 4
        }
        while (i < dimension) s0 += a[i] * b[i++]
        return s0 + s1 + s2 + s3
    }
}
