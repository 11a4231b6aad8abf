package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Matrix
import kotlin.math.sqrt
import kotlin.random.Random

/** Mean of the rows. */
internal fun meanRow(rows: Matrix): FloatArray {
    val sums = DoubleArray(rows.columns)
    for (row in 0 until rows.rows) for (column in sums.indices) sums[column] += rows[row, column].toDouble()
    return FloatArray(sums.size) { (sums[it] / rows.rows).toFloat() }
}

/**
 * Orthonormal axes, [count] rows, that span the directions in which [rows] differ most: orthogonal iteration on their covariance. The
 * axes within that span are in no order, which distances do not depend on.
 */
internal fun principalAxes(rows: Matrix, mean: FloatArray, count: Int, random: Random): Matrix {
    val covariance = covariance(rows, mean)
    val size = rows.columns
    var axes = Array(count) { DoubleArray(size) { random.nextDouble() - 0.5 } }
    repeat(ITERATIONS) {
        orthonormalise(axes)
        axes = Array(count) { axis -> DoubleArray(size) { row -> dot(covariance[row], axes[axis]) } }
    }
    orthonormalise(axes)
    val result = Matrix(count, size)
    for (axis in 0 until count) for (i in 0 until size) result[axis, i] = axes[axis][i].toFloat()
    return result
}

private const val ITERATIONS = 60

private fun covariance(rows: Matrix, mean: FloatArray): Array<DoubleArray> {
    val size = rows.columns
    val sums = Array(size) { DoubleArray(size) }
    val gap = DoubleArray(size)
    for (row in 0 until rows.rows) {
        for (i in 0 until size) gap[i] = (rows[row, i] - mean[i]).toDouble()
        for (i in 0 until size) addScaled(sums[i], gap, gap[i])
    }
    return sums
}

/** Gram and Schmidt, in place. */
private fun orthonormalise(axes: Array<DoubleArray>) {
    for (i in axes.indices) {
        for (j in 0 until i) addScaled(axes[i], axes[j], -dot(axes[i], axes[j]))
        val length = sqrt(dot(axes[i], axes[i]))
        if (length > 0.0) for (k in axes[i].indices) axes[i][k] /= length
    }
}

internal fun dot(a: DoubleArray, b: DoubleArray): Double {
    var sum = 0.0
    for (i in a.indices) sum += a[i] * b[i]
    return sum
}

/** [target] += [factor] * [source]. */
internal fun addScaled(target: DoubleArray, source: DoubleArray, factor: Double) {
    for (i in target.indices) target[i] += factor * source[i]
}
