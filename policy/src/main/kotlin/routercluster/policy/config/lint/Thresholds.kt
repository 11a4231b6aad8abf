package routercluster.policy.config.lint

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.config.raw.RawRule
import routercluster.policy.decisions.Predicate
import routercluster.policy.signals.HeadSignal
import routercluster.policy.signals.HeadThreshold
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef
import java.math.BigDecimal
import java.math.RoundingMode

/**
 * Thresholds that lie where the head's answers never do, by what the encoder's files say of the head. Of defaults nothing is said.
 *
 * @param root the document, for the places of thresholds that rules follow
 */
internal class Thresholds(private val root: Section) {
    fun findings(routing: RawRouting, signals: List<Signal>): List<Finding> =
        routing.signals.zip(signals).flatMap { (written, signal) ->
            (signal as? HeadSignal)?.thresholds.orEmpty().mapNotNull { finding(it, written.raw.at.path) }
        }

    private fun finding(threshold: HeadThreshold, rule: String): Finding? {
        val paths = threshold.keys.map { if (it.startsWith(GLOBAL)) it else "$rule.$it" }
        val at = paths.firstNotNullOfOrNull { place(it, threshold.value) } ?: return null
        val value = shown(threshold.value)
        val gap = threshold.gap
        return when {
            isNever(threshold) -> {
                Finding(LintRule.IDLE_THRESHOLD, at, "$value can never be reached: ${limitOf(threshold)}")
            }

            isAlways(threshold) -> {
                val why = if (threshold.least > 0.0) "$value ${threshold.below}" else "$value is always reached"
                Finding(LintRule.IDLE_THRESHOLD, at, why, threshold.least.takeIf { threshold.isSame && it > 0.0 }?.let { written(at, it) })
            }

            gap != null && threshold.value > gap.start + ROUNDING && threshold.value < gap.endInclusive - ROUNDING -> {
                val why = "$value acts as ${shown(gap.endInclusive)}: between ${shown(gap.start)} and that the head abstains"
                Finding(LintRule.IDLE_THRESHOLD, at, why, written(at, gap.endInclusive))
            }

            else -> {
                null
            }
        }
    }

    private fun isNever(threshold: HeadThreshold): Boolean = threshold.mostNever && threshold.value >= threshold.most

    private fun isAlways(threshold: HeadThreshold): Boolean =
        threshold.value < threshold.least - ROUNDING || (threshold.value <= 0.0 && threshold.least == 0.0 && !threshold.beyond)

    private fun limitOf(threshold: HeadThreshold): String =
        if (threshold.beyond) "two probabilities differ by less" else "calibrated probabilities stay below ${shown(threshold.most)}"

    private fun written(at: Location, value: Double) = Fix("write what acts, ${shown(value)}", at.path, shown(value))

    /** Where the number at [path] stands, if it is there and is [value]: it may be there and something nearer act. */
    private fun place(path: String, value: Double): Location? {
        val steps = path.split('.')
        val holder = steps.dropLast(1).fold<String, Section?>(root) { section, step -> section?.let { below(it, step) } } ?: return null
        val key = steps.last()
        val isThere = holder.has(key) && holder.double(key, -Double.MAX_VALUE..Double.MAX_VALUE) == value
        return if (isThere) holder.at(key) else null
    }

    private fun below(section: Section, step: String): Section? {
        val place = step.substringAfter('[', "").removeSuffix("]").toIntOrNull() ?: return section.section(step)
        return section.sections(step.substringBefore('[')).getOrNull(place)
    }

    private companion object {
        const val GLOBAL = "global."
    }
}

/** Rounded up, so that what it is written for is not below it. */
internal fun shown(value: Double): String =
    BigDecimal
        .valueOf(value)
        .setScale(EXACT_DIGITS, RoundingMode.HALF_UP)
        .setScale(DIGITS, RoundingMode.CEILING)
        .stripTrailingZeros()
        .toPlainString()

private const val DIGITS = 4

/** What lies beyond comes of calculating with binary fractions. */
private const val EXACT_DIGITS = 9
private const val ROUNDING = 1e-9

/** Predicates on what a head says that hold for no number that it can come to, or for all of them. */
internal fun idlePredicates(routing: RawRouting, signals: Map<SignalRef, Signal>): List<Finding> =
    conditions(routing).mapNotNull { leaf ->
        val predicate = leaf.predicate ?: return@mapNotNull null
        val (signal, label) = asked(leaf, signals) ?: return@mapNotNull null
        val range = (signal as? HeadSignal)?.rangeOf(label) ?: return@mapNotNull null
        val held = numbersToTry(predicate, range).map(predicate::holds).distinct().singleOrNull() ?: return@mapNotNull null
        val what = if (held) "holds always" else "can never hold"
        val between = "lies between ${shown(range.start)} and ${shown(range.endInclusive)}"
        Finding(LintRule.IDLE_THRESHOLD, leaf.at, "$what: ${listOfNotNull(signal.ref, label).joinToString(":")} $between")
    }

/** What a condition is about. A label may also follow the name. */
private fun asked(leaf: RawRule.Leaf, signals: Map<SignalRef, Signal>): Pair<Signal, String?>? {
    signals[leaf.ref]?.let { return it to leaf.label?.value }
    val name = leaf.name.value
    return signals[leaf.ref.copy(name = name.substringBeforeLast(':'))]?.let { it to name.substringAfterLast(':') }
}

/** Of every stretch on which [predicate] is the same, a number in [range]. */
private fun numbersToTry(predicate: Predicate, range: ClosedFloatingPointRange<Double>): List<Double> {
    val bounds = listOfNotNull(predicate.gt, predicate.gte, predicate.lt, predicate.lte).filter { it in range }
    val edges = (bounds + range.start + range.endInclusive).distinct().sorted()
    return edges + edges.zipWithNext { a, b -> (a + b) / 2 }
}
