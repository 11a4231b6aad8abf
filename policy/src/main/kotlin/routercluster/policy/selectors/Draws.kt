package routercluster.policy.selectors

import kotlin.math.ln
import kotlin.math.pow
import kotlin.math.sqrt
import kotlin.random.Random

/** A draw from Beta([alpha], [beta]), both at least 1. */
internal fun Random.beta(alpha: Double, beta: Double): Double {
    val first = gamma(alpha)
    return first / (first + gamma(beta))
}

/** Marsaglia and Tsang, 2000; [shape] is at least 1. */
private fun Random.gamma(shape: Double): Double {
    val d = shape - 1.0 / 3
    val c = 1 / sqrt(9 * d)
    while (true) {
        val normal = normal()
        val v = (1 + c * normal).pow(3)
        if (v > 0 && ln(1 - nextDouble()) < normal * normal / 2 + d - d * v + d * ln(v)) return d * v
    }
}

/** A draw from the standard normal distribution, by Marsaglia's polar method. */
internal fun Random.normal(): Double {
    while (true) {
        val x = 2 * nextDouble() - 1
        val y = 2 * nextDouble() - 1
        val square = x * x + y * y
        if (square > 0 && square < 1) return x * sqrt(-2 * ln(square) / square)
    }
}
