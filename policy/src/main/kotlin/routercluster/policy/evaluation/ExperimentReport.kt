package routercluster.policy.evaluation

import kotlin.math.pow
import kotlin.math.sqrt

/**
 * What an experiment has shown.
 *
 * @property arms the first is what the others are compared with
 * @property ratio whether the units fell among the arms as they should have
 * @property comparisons of every other arm with the first, by each metric that both know
 * @property mixedUnits units that were in more than one arm, and so in none here
 */
class ExperimentReport(
    val name: String,
    val arms: List<ArmResult>,
    val ratio: RatioCheck,
    val comparisons: List<ArmComparison>,
    val mixedUnits: Int,
)

/** @property share of units that it should have had, 0..1, the mean over all units */
class ArmResult(val name: String, val share: Double, val units: Int, val requests: Int, val means: Map<Metric, ArmMean>)

/**
 * The mean of a metric over requests, with its [Interval.CONFIDENCE] interval. Requests of one unit are not independent, so the
 * error comes from the units: with sums x and counts n of k units and the mean m = Σx / Σn, its square is k / (k - 1) · Σ(x - m n)² / (Σn)²
 * (the delta method for a ratio of means).
 *
 * @property units of which the metric is known
 * @property error standard error; null where there are fewer than two units
 */
class ArmMean(val units: Int, val requests: Int, val interval: Interval, val error: Double?)

/**
 * The chi-square test of units against shares.
 *
 * @property chance p; null where an arm should have had fewer than five units, which says nothing
 */
class RatioCheck(val chance: Double?) {
    val isBroken: Boolean get() = chance != null && chance < BROKEN_BELOW

    private companion object {
        /** Low, since it is looked at again and again, and a true fault soon goes far below. */
        const val BROKEN_BELOW = 0.001
    }
}

/**
 * [arm] less the first one by [metric], by the two-proportion z-test for success and by Welch's t-test else.
 *
 * @property by the difference of means; null where it cannot be told
 * @property chance p, of both sides: how often so large a difference comes about where there is none; null where it cannot be told
 * @property refusal why nothing can be concluded, in words; null where a difference is shown
 */
class ArmComparison(val arm: String, val metric: Metric, val by: Interval?, val chance: Double?, val refusal: String?)

internal fun report(name: String, all: List<UnitSums>): ExperimentReport {
    val units = all.filterNot { it.isMixed }
    val names = all.flatMapTo(LinkedHashSet()) { it.shares.keys }
    val byArm = units.groupBy { it.arm }
    val arms = names.map { armResult(it, byArm[it].orEmpty(), units) }
    val ratio = ratioCheck(arms, units.size)
    return ExperimentReport(name, arms, ratio, compared(arms, ratio), all.size - units.size)
}

private fun armResult(name: String, own: List<UnitSums>, all: List<UnitSums>): ArmResult {
    val share = if (all.isEmpty()) 0.0 else all.sumOf { it.shares[name] ?: 0.0 } / all.size
    val means = Metric.entries.mapNotNull { metric -> mean(metric, own)?.let { metric to it } }.toMap()
    return ArmResult(name, share, own.size, own.sumOf { it.requests }, means)
}

private fun mean(metric: Metric, all: List<UnitSums>): ArmMean? {
    val units = all.filter { it.count(metric) > 0 }
    if (units.isEmpty()) return null
    val requests = units.sumOf { it.count(metric) }
    val mean = units.sumOf { it.sum(metric) } / requests
    val spread = units.sumOf { (it.sum(metric) - mean * it.count(metric)).pow(2) }
    val error = if (units.size < 2) null else sqrt(units.size / (units.size - 1.0) * spread) / requests
    val interval = if (metric == Metric.SUCCESS) wilson(mean, effective(mean, error, units.size)) else around(mean, error, units.size - 1.0)
    return ArmMean(units.size, requests, interval, error)
}

/** As many independent requests say as much of a share: p (1 - p) / error²; where all came out alike, the units. */
private fun effective(share: Double, error: Double?, units: Int): Double =
    if (error == null || error == 0.0) units.toDouble() else share * (1 - share) / error.pow(2)

/** Wilson's score interval (1927) of a share, of [count] independent requests. */
private fun wilson(share: Double, count: Double): Interval {
    val square = NORMAL_QUANTILE.pow(2)
    val middle = (share + square / (2 * count)) / (1 + square / count)
    val reach = NORMAL_QUANTILE / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return Interval(share, (middle - reach).coerceAtLeast(0.0), (middle + reach).coerceAtMost(1.0))
}

private fun around(value: Double, error: Double?, degrees: Double): Interval {
    if (error == null) return Interval(value, Double.NaN, Double.NaN)
    val reach = error * studentQuantile(1 - Interval.CONFIDENCE, degrees)
    return Interval(value, value - reach, value + reach)
}

private fun ratioCheck(arms: List<ArmResult>, units: Int): RatioCheck {
    val expected = arms.map { it.share * units }
    if (expected.size < 2 || expected.any { it < EXPECTED_MIN }) return RatioCheck(null)
    val distance = arms.zip(expected).sumOf { (arm, wanted) -> (arm.units - wanted).pow(2) / wanted }
    return RatioCheck(chiSquareTail(distance, arms.size - 1))
}

private fun compared(arms: List<ArmResult>, ratio: RatioCheck): List<ArmComparison> {
    val first = arms.firstOrNull() ?: return emptyList()
    val pairs = arms.drop(1).flatMap { arm -> Metric.entries.filter { it in first.means && it in arm.means }.map { arm to it } }
    // Bonferroni: however many are compared, one in twenty reports at most shows a difference that there is not.
    val level = (1 - Interval.CONFIDENCE) / pairs.size.coerceAtLeast(1)
    return pairs.map { (arm, metric) -> compared(arm, metric, first.means.getValue(metric), arm.means.getValue(metric), ratio, level) }
}

private fun compared(
    arm: ArmResult,
    metric: Metric,
    first: ArmMean,
    other: ArmMean,
    ratio: RatioCheck,
    level: Double,
): ArmComparison {
    val difference = difference(metric, first, other)
    val chance = difference?.second
    val fewest = minOf(first.units, other.units)
    val refusal =
        when {
            ratio.isBroken -> "the units did not fall among the arms as they should have"
            fewest < UNITS_MIN -> "an arm has $fewest units of which this is known, fewer than $UNITS_MIN"
            chance == null -> "every unit came out alike"
            chance >= level -> "no difference is shown: chance alone gives one as large in ${shown(chance)} of all cases"
            else -> null
        }
    return ArmComparison(arm.name, metric, difference?.first, chance, refusal)
}

/** With p; null where nothing varies. */
private fun difference(metric: Metric, first: ArmMean, other: ArmMean): Pair<Interval, Double>? {
    val ofFirst = first.error ?: return null
    val ofOther = other.error ?: return null
    val variance = ofFirst.pow(2) + ofOther.pow(2)
    if (variance == 0.0) return null
    val by = other.interval.value - first.interval.value
    if (metric == Metric.SUCCESS) return shares(first, other, by, sqrt(variance))
    // Welch (1947) and Satterthwaite (1946).
    val degrees = variance.pow(2) / (ofFirst.pow(4) / (first.units - 1) + ofOther.pow(4) / (other.units - 1))
    return around(by, sqrt(variance), degrees) to studentTails(by / sqrt(variance), degrees)
}

/** The pooled two-proportion z-test, of as many requests as say something of their own. */
private fun shares(first: ArmMean, other: ArmMean, by: Double, error: Double): Pair<Interval, Double> {
    val ofFirst = effective(first.interval.value, first.error, first.units)
    val ofOther = effective(other.interval.value, other.error, other.units)
    val pooled = (first.interval.value * ofFirst + other.interval.value * ofOther) / (ofFirst + ofOther)
    val z = by / sqrt(pooled * (1 - pooled) * (1 / ofFirst + 1 / ofOther))
    val reach = NORMAL_QUANTILE * error
    return Interval(by, by - reach, by + reach) to normalTails(z)
}

/** Of a normal distribution, 95 % lie within as many deviations. */
private const val NORMAL_QUANTILE = 1.959964

/** Below, a chi-square test says nothing (Cochran, 1954). */
private const val EXPECTED_MIN = 5.0
private const val UNITS_MIN = 50
