package routercluster.bench.routing

import kotlin.random.Random

/** A figure with the ends of its 95 % interval. */
internal class Estimate(val value: Double, val low: Double, val high: Double) {
    override fun toString(): String = "${decimals(value)} (${decimals(low)}-${decimals(high)})"
}

/**
 * A percentile bootstrap (Efron, 1979): [figure] of the rows as they are, and between which it lies in 95 % of [DRAWS] draws of as many rows with putting
 * back. The draws are the same for all, so that contenders are compared on the same ones.
 */
internal fun bootstrapped(rows: Int, figure: (IntArray) -> Double): Estimate {
    val random = Random(SEED)
    val drawn = List(DRAWS) { figure(IntArray(rows) { random.nextInt(rows) }) }.sorted()
    return Estimate(figure(IntArray(rows) { it }), drawn[DRAWS * 25 / 1000], drawn[DRAWS * 975 / 1000 - 1])
}

private const val DRAWS = 1_000
private const val SEED = 7

/**
 * What a pair of models recovers of the way from the weak one to the strong one, the more requests the strong one is asked: at place i of the curve, with the
 * i requests that gain most by [gain] sent to it, (accuracy - weak) / (strong - weak). Requests of equal gain count by their mean.
 *
 * @param gain what is foretold, a number a request
 */
internal class RecoveryCurve(gain: DoubleArray, strong: DoubleArray, weak: DoubleArray, rows: IntArray) {
    private val recovered = DoubleArray(rows.size + 1)

    init {
        val order = rows.sortedByDescending { gain[it] }
        val whole = rows.sumOf { strong[it] - weak[it] }
        var start = 0
        while (start < order.size) {
            var end = start
            while (end < order.size && gain[order[end]] == gain[order[start]]) end++
            val mean = (start until end).sumOf { strong[order[it]] - weak[order[it]] } / (end - start)
            for (i in start until end) recovered[i + 1] = recovered[i] + mean / whole
            start = end
        }
    }

    /** Average performance gap recovered: the area under the curve (Ong et al., RouteLLM, 2024). */
    val area: Double get() = (1 until recovered.size).sumOf { (recovered[it - 1] + recovered[it]) / 2 } / (recovered.size - 1)

    /** Call-performance threshold: the least share of requests for the strong model that recovers [share]; 1 where none does. */
    fun callsFor(share: Double): Double {
        val calls = recovered.indices.firstOrNull { recovered[it] >= share } ?: (recovered.size - 1)
        return calls.toDouble() / (recovered.size - 1)
    }
}

/** What a contender comes to at one place of its knob. */
internal data class CostPoint(val cost: Double, val quality: Double)

/**
 * Average improvement in quality (Hu et al., RouterBench, 2024): the mean height, over costs from [from] to [to], of the non-decreasing convex hull over
 * [points]. Below the cheapest point nothing is reached, and beyond the dearest no more than there.
 */
internal fun averageImprovement(points: List<CostPoint>, from: Double, to: Double): Double {
    val hull = hull(points)
    var area = 0.0
    for ((a, b) in hull.zipWithNext()) {
        val (left, right) = a.cost.coerceIn(from, to) to b.cost.coerceIn(from, to)
        area += (right - left) * (at(a, b, left) + at(a, b, right)) / 2
    }
    return (area + (to - hull.last().cost.coerceIn(from, to)) * hull.last().quality) / (to - from)
}

private fun at(a: CostPoint, b: CostPoint, cost: Double) =
    if (b.cost == a.cost) b.quality else a.quality + (b.quality - a.quality) * (cost - a.cost) / (b.cost - a.cost)

/** Upper hull, as far as it rises. */
private fun hull(points: List<CostPoint>): List<CostPoint> {
    val hull = mutableListOf<CostPoint>()
    for (point in points.sortedWith(compareBy({ it.cost }, { -it.quality }))) {
        if (hull.isNotEmpty() && point.quality <= hull.last().quality) continue
        while (hull.size > 1 && isBelow(hull[hull.size - 1], hull[hull.size - 2], point)) hull.removeAt(hull.size - 1)
        hull += point
    }
    return hull
}

private fun isBelow(middle: CostPoint, left: CostPoint, right: CostPoint) =
    (middle.quality - left.quality) * (right.cost - left.cost) <= (right.quality - left.quality) * (middle.cost - left.cost)

internal fun decimals(value: Double): String = "%.4f".format(java.util.Locale.ROOT, value)
