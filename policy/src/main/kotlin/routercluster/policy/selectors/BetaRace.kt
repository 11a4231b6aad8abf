package routercluster.policy.selectors

import kotlin.math.asinh
import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.sinh
import kotlin.math.sqrt

/** A Beta distribution; both shapes are 1 or more, so that its density is bounded. */
internal class Beta(private val alpha: Double, private val beta: Double) {
    private val mean = alpha / (alpha + beta)
    private val deviation = sqrt(mean * (1 - mean) / (alpha + beta + 1))
    private val peak = logKernel(if (alpha + beta > 2) (alpha - 1) / (alpha + beta - 2) else 1.0 / 2)

    /** In proportion to the density at [x], 0..1; 1 at its peak. */
    fun kernel(x: Double): Double = exp(logKernel(x) - peak)

    private fun logKernel(x: Double): Double = scaledLog(alpha - 1, x) + scaledLog(beta - 1, 1 - x)

    private fun scaledLog(factor: Double, x: Double): Double = if (factor == 0.0) 0.0 else factor * ln(x)

    /** Places from 0 to 1, close together around the mean and ever farther apart from there. */
    fun places(): List<Double> {
        val from = -asinh(mean / deviation)
        val to = asinh((1 - mean) / deviation)
        return (0..STEPS).map { (mean + deviation * sinh(from + (to - from) * it / STEPS)).coerceIn(0.0, 1.0) }
    }

    private companion object {
        const val STEPS = 128
    }
}

/**
 * The chance of each of several independent draws to be the highest: the integral of its density times the distribution functions of all
 * others, by trapezoids over places where any of them changes; right to about three decimals. Takes some 10 µs for each pair of [draws].
 */
internal fun chancesOfHighest(draws: List<Beta>): DoubleArray {
    val places = (draws.flatMap { it.places() } + listOf(0.0, 1.0)).distinct().sorted().toDoubleArray()
    val densities = draws.map { draw -> DoubleArray(places.size) { draw.kernel(places[it]) } }
    val below = densities.map { cumulated(places, it) }
    val chances = DoubleArray(draws.size) { mine ->
        val highest = DoubleArray(places.size) { place ->
            draws.indices.fold(densities[mine][place]) { product, other -> if (other == mine) product else product * below[other][place] }
        }
        integral(places, highest) / integral(places, densities[mine])
    }
    val sum = chances.sum()
    return DoubleArray(chances.size) { chances[it] / sum }
}

/** The share of the whole area under [values] that lies below each of [places]. */
private fun cumulated(places: DoubleArray, values: DoubleArray): DoubleArray {
    val sums = DoubleArray(places.size)
    for (i in 1 until places.size) sums[i] = sums[i - 1] + (values[i - 1] + values[i]) / 2 * (places[i] - places[i - 1])
    val whole = sums.last()
    return DoubleArray(sums.size) { sums[it] / whole }
}

private fun integral(places: DoubleArray, values: DoubleArray): Double =
    (1 until places.size).sumOf { (values[it - 1] + values[it]) / 2 * (places[it] - places[it - 1]) }
