package routercluster.policy.evaluation

import routercluster.policy.outcomes.lnGamma
import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.ln

/** The chance, 0..1, that a standard normal value is at least as far from 0 as [z]. */
internal fun normalTails(z: Double): Double = chiSquareTail(z * z, 1)

/** The chance that a chi-square value with [degrees] of freedom is at least [x]: Q([degrees] / 2, [x] / 2). */
internal fun chiSquareTail(x: Double, degrees: Int): Double = if (x <= 0.0) 1.0 else upperGamma(degrees / 2.0, x / 2)

/** The chance that a value of Student's t with [degrees] of freedom is at least as far from 0 as [t]: I with ν / (ν + t²) at (ν/2, 1/2). */
internal fun studentTails(t: Double, degrees: Double): Double = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5)

/** How far from 0 a value of Student's t is with the chance [tails], of both sides together. Found by halving. */
internal fun studentQuantile(tails: Double, degrees: Double): Double {
    var low = 0.0
    var high = 1.0
    while (studentTails(high, degrees) > tails && high < QUANTILE_MAX) high *= 2
    repeat(HALVINGS) {
        val middle = (low + high) / 2
        if (studentTails(middle, degrees) > tails) low = middle else high = middle
    }
    return (low + high) / 2
}

/**
 * The regularised upper incomplete gamma function Q([a], [x]), for [x] above 0: by the series of P = 1 - Q (DLMF 8.11.4) where [x] is
 * small, else by the continued fraction (DLMF 8.9.2).
 */
private fun upperGamma(a: Double, x: Double): Double {
    val scale = exp(a * ln(x) - x - lnGamma(a))
    if (x >= a + 1) return scale / fraction(x + 1 - a) { n -> -n * (n - a) to x + 2 * n + 1 - a }
    var term = 1 / a
    var sum = term
    for (n in 1..STEPS_MAX) {
        term *= x / (a + n)
        sum += term
        if (term < sum * PRECISION) break
    }
    return 1 - sum * scale
}

/** The regularised incomplete beta function I at [x] with [a] and [b], by its continued fraction (DLMF 8.17.22). */
private fun incompleteBeta(x: Double, a: Double, b: Double): Double {
    if (x <= 0.0 || x >= 1.0) return x.coerceIn(0.0, 1.0)
    if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
    val scale = exp(a * ln(x) + b * ln(1 - x) + lnGamma(a + b) - lnGamma(a) - lnGamma(b)) / a
    return scale / fraction(1.0) { n ->
        val half = (n.toInt() / 2).toDouble()
        val odd = n.toInt() % 2 == 1
        val numerator = if (odd) -(a + half) * (a + b + half) else half * (b - half)
        numerator * x / ((a + n - 1) * (a + n)) to 1.0
    }
}

/** [first] + a1 / (b1 + a2 / (b2 + …)), where [term] gives an to bn; by Lentz's method. */
private fun fraction(first: Double, term: (n: Double) -> Pair<Double, Double>): Double {
    var value = first
    var above = first
    var below = 0.0
    for (n in 1..STEPS_MAX) {
        val (a, b) = term(n.toDouble())
        above = (b + a / above).awayFromZero()
        below = 1 / (b + a * below).awayFromZero()
        val factor = above * below
        value *= factor
        if (abs(factor - 1) < PRECISION) break
    }
    return value
}

private fun Double.awayFromZero() = if (abs(this) < TINY) TINY else this

private const val STEPS_MAX = 10_000
private const val PRECISION = 1e-14
private const val TINY = 1e-300
private const val QUANTILE_MAX = 1e9
private const val HALVINGS = 100
