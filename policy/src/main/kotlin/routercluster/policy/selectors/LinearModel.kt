package routercluster.policy.selectors

import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.VerdictSums
import kotlin.math.sqrt

/**
 * What sums say of a share of good answers that is linear in the features, with a normal prior around [prior]: the posterior of Bayesian
 * linear regression, `A = R + sum w x x'` and `theta = A^-1 sum w (y - prior) x` (Agrawal and Goyal, 2013), with `R` diagonal. `A` is factored
 * once, by Cholesky.
 *
 * @param sums null where there is no verdict yet
 * @param size number of features; the last is the constant
 * @param ridge entry of `R` above 0 for every feature but the constant, which has [CONSTANT_RIDGE]: the larger, the more verdicts it takes to
 *   believe that the feature matters
 */
internal class LinearModel(sums: ContextSums?, private val size: Int, ridge: Double, private val prior: Double) {
    /** Lower triangle of the factor, row by row. */
    private val factor: DoubleArray = factored(sums, ridge)
    private val theta: DoubleArray = if (sums == null) DoubleArray(size) else solved(centred(sums))

    /** Expected share at [x]. */
    fun mean(x: DoubleArray): Double {
        var sum = prior
        for (i in 0 until size) sum += theta[i] * x[i]
        return sum
    }

    /** How far off that may be, in units of a verdict's own spread: the root of `x' A^-1 x`. */
    fun spread(x: DoubleArray): Double = sqrt(forward(x).sumOf { it * it })

    private fun factored(sums: ContextSums?, ridge: Double): DoubleArray {
        val a = DoubleArray(size * (size + 1) / 2) { if (sums == null) 0.0 else sums.products[it] / PRODUCT_UNIT }
        for (i in 0 until size) {
            a[at(i, i)] += if (i == size - 1) CONSTANT_RIDGE else ridge
            for (j in 0..i) {
                var sum = a[at(i, j)]
                for (k in 0 until j) sum -= a[at(i, k)] * a[at(j, k)]
                a[at(i, j)] = if (i == j) sqrt(sum.coerceAtLeast(minOf(ridge, CONSTANT_RIDGE) * ROUNDING)) else sum / a[at(j, j)]
            }
        }
        return a
    }

    /** `sum w (y - prior) x`: the constant is a feature, so the products have `sum w x`. */
    private fun centred(sums: ContextSums) =
        DoubleArray(size) { sums.rewards[it] / REWARD_UNIT - prior * sums.products[at(size - 1, it)] / PRODUCT_UNIT }

    private fun solved(right: DoubleArray): DoubleArray {
        val x = forward(right)
        for (i in size - 1 downTo 0) {
            var sum = x[i]
            for (k in i + 1 until size) sum -= factor[at(k, i)] * x[k]
            x[i] = sum / factor[at(i, i)]
        }
        return x
    }

    private fun forward(right: DoubleArray): DoubleArray {
        val x = DoubleArray(size)
        var row = 0
        for (i in 0 until size) {
            var sum = right[i]
            for (k in 0 until i) sum -= factor[row + k] * x[k]
            x[i] = sum / factor[row + i]
            row += i + 1
        }
        return x
    }

    private fun at(i: Int, j: Int) = i * (i + 1) / 2 + j

    private companion object {
        /** Verdicts that the prior counts as. One alone: a model may be as good or as bad as it likes, however little features matter. */
        const val CONSTANT_RIDGE = 1.0
        const val REWARD_UNIT = VerdictSums.WHOLE.toDouble() * ContextPoint.UNIT
        const val PRODUCT_UNIT = REWARD_UNIT * ContextPoint.UNIT

        /** Of the smaller ridge: no less is left of the diagonal, whatever rounding takes. */
        const val ROUNDING = 1e-9
    }
}
