package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Columns
import routercluster.policy.learnt.Kernel
import routercluster.policy.learnt.Matrix
import kotlin.math.sqrt
import kotlin.random.Random

/** @property gamma null for the linear kernel */
internal data class KernelSettings(val gamma: Double?, val ridge: Double, val landmarks: Int)

/** Fits with the ridges of [settings], which are else alike; what does not depend on the ridge is worked out once. */
internal fun fitKernels(set: TrainingSet, settings: List<KernelSettings>, random: Random): List<Kernel> {
    val gamma = settings.first().gamma
    val landmarks = set.points.rowsAt(drawn(set.rows, settings.first().landmarks, random))
    val byColumn = Columns(landmarks)
    val own = Array(landmarks.rows) { Kernel.similarities(byColumn, landmarks.row(it), gamma) }
    val weights = settings.map { Matrix(landmarks.rows, set.models) }
    val groups = (0 until set.models).groupBy { set.notAskedOf(it) }
    val equations = groups.map { (notAsked, models) -> NormalEquations(notAsked, models, landmarks.rows) }
    val all = Triangle(landmarks.rows)
    for (row in 0 until set.rows) {
        val near = Kernel.similarities(byColumn, set.points.row(row), gamma)
        all.add(near, 1.0)
        equations.forEach { it.add(set, row, near) }
    }
    equations.forEach { of ->
        settings.forEachIndexed { index, setting ->
            val factor = cholesky(of.regularised(all, own, setting.ridge, set.rows))
            of.sums.forEach { (model, sum) -> solved(factor, sum).forEachIndexed { at, it -> weights[index][at, model] = it.toFloat() } }
        }
    }
    return weights.map { Kernel(gamma, landmarks, it, FloatArray(set.models) { model -> set.means[model].toFloat() }) }
}

/** Requests that a model was not asked, in their order. */
private fun TrainingSet.notAskedOf(model: Int): List<Int> = (0 until rows).filter { quality[it, model].isNaN() }

/** Upper triangle of a sum of outer products. */
private class Triangle(private val size: Int) {
    private val rows = Array(size) { DoubleArray(size - it) }

    fun add(vector: DoubleArray, factor: Double) {
        for (i in 0 until size) {
            val scaled = factor * vector[i]
            val row = rows[i]
            for (j in row.indices) row[j] += scaled * vector[i + j]
        }
    }

    operator fun get(i: Int, j: Int): Double = if (i <= j) rows[i][j - i] else rows[j][i - j]
}

/**
 * Ridge regression on the kernel to the landmarks, (K'K + ridge * L) w = K'y with L the landmarks' own kernel, for [models] that were all asked the
 * same requests: all but [notAsked], which are taken out of the sum over all.
 */
private class NormalEquations(notAsked: List<Int>, models: List<Int>, private val size: Int) {
    private val left = notAsked.toHashSet()
    private val missing = if (left.isEmpty()) null else Triangle(size)
    val sums: Map<Int, DoubleArray> = models.associateWith { DoubleArray(size) }

    fun add(set: TrainingSet, row: Int, near: DoubleArray) {
        if (row in left) {
            missing?.add(near, -1.0)
        } else {
            sums.forEach { (model, sum) -> addScaled(sum, near, set.quality[row, model] - set.means[model]) }
        }
    }

    fun regularised(all: Triangle, own: Array<DoubleArray>, ridge: Double, rows: Int): Array<DoubleArray> =
        Array(size) { i ->
            DoubleArray(size) { j ->
                all[i, j] + (missing?.get(i, j) ?: 0.0) + ridge * own[i][j] + if (i == j) JITTER * rows else 0.0
            }
        }
}

/** Keeps the equations solvable where landmarks are alike. */
private const val JITTER = 1e-6

/** Lower triangle L with L * L' = [matrix], in its place; [matrix] is symmetric and positive. */
private fun cholesky(matrix: Array<DoubleArray>): Array<DoubleArray> {
    for (i in matrix.indices) {
        for (j in 0..i) {
            var sum = matrix[i][j]
            for (k in 0 until j) sum -= matrix[i][k] * matrix[j][k]
            matrix[i][j] = if (i == j) sqrt(maxOf(sum, Double.MIN_VALUE)) else sum / matrix[j][j]
        }
    }
    return matrix
}

/** x with L * L' * x = [sums], of the lower triangle [factor]. */
private fun solved(factor: Array<DoubleArray>, sums: DoubleArray): DoubleArray {
    val x = sums.copyOf()
    for (i in x.indices) {
        for (k in 0 until i) x[i] -= factor[i][k] * x[k]
        x[i] /= factor[i][i]
    }
    for (i in x.indices.reversed()) {
        for (k in i + 1 until x.size) x[i] -= factor[k][i] * x[k]
        x[i] /= factor[i][i]
    }
    return x
}
