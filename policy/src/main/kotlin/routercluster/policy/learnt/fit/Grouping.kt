package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Matrix
import kotlin.random.Random

/** @property of each row, the centre that it belongs to */
internal class Grouping(val centres: Matrix, val of: IntArray)

/**
 * Lloyd's algorithm from centres drawn by k-means++ (Arthur and Vassilvitskii, 2007), until nothing changes or [ROUNDS_MAX] rounds. At most as many
 * groups as rows; a group that loses all its rows keeps its centre.
 */
internal fun kMeans(points: Matrix, groups: Int, random: Random): Grouping {
    var centres = drawn(points, minOf(groups, points.rows), random)
    var of = IntArray(points.rows) { centres.nearest(points.row(it)) }
    repeat(ROUNDS_MAX) {
        centres = means(points, of, centres)
        val next = IntArray(points.rows) { centres.nearest(points.row(it)) }
        if (next.contentEquals(of)) return Grouping(centres, of)
        of = next
    }
    return Grouping(centres, of)
}

private const val ROUNDS_MAX = 25

/** Each centre is a row, drawn with chances in proportion to its squared distance to the nearest centre before it. */
private fun drawn(points: Matrix, count: Int, random: Random): Matrix {
    val picked = IntArray(count)
    picked[0] = random.nextInt(points.rows)
    val gaps = DoubleArray(points.rows) { Double.MAX_VALUE }
    for (next in 1 until count) {
        val last = points.row(picked[next - 1])
        for (row in gaps.indices) gaps[row] = minOf(gaps[row], points.distance(row, last).toDouble())
        var left = random.nextDouble() * gaps.sum()
        picked[next] = gaps.indices.firstOrNull { row ->
            left -= gaps[row]
            left < 0.0
        } ?: random.nextInt(points.rows)
    }
    return points.rowsAt(picked)
}

private fun means(points: Matrix, of: IntArray, before: Matrix): Matrix {
    val sums = Array(before.rows) { DoubleArray(points.columns) }
    val counts = IntArray(before.rows)
    for (row in of.indices) {
        counts[of[row]]++
        for (i in 0 until points.columns) sums[of[row]][i] += points[row, i].toDouble()
    }
    val means = Matrix(before.rows, points.columns)
    for (group in counts.indices) {
        for (i in 0 until points.columns) {
            means[group, i] = if (counts[group] == 0) before[group, i] else (sums[group][i] / counts[group]).toFloat()
        }
    }
    return means
}
