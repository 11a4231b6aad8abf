package routercluster.policy.outcomes

import kotlin.math.PI
import kotlin.math.ln

/** What fell. */
enum class FreezeCause(val words: String) {
    ERRORS("failed attempts"),
    VERDICTS("bad verdicts"),
}

/**
 * Why a model is not picked for the time being. It lasts while the sums say so: when what went wrong has left its window, the model is tried
 * anew.
 *
 * @property before share of bad ones before the fall, 0..1
 * @property after share of bad ones since
 * @property count of all since
 */
data class Freeze(val cause: FreezeCause, val before: Double, val after: Double, val count: Double) {
    override fun toString(): String {
        val percent = { share: Double -> "${(share * 1_000).toLong() / 10.0} %" }
        return "${cause.words} rose from ${percent(before)} to ${percent(after)} of ${count.toLong()}"
    }
}

/** How many were bad of how many, in one slice of time. */
internal data class Share(val slice: Long, val bad: Double, val all: Double)

/** A share of bad ones that rose: [before] and [after] the beginning of [slice]. */
internal class Rise(val slice: Long, private val before: Share, private val after: Share) {
    val isLarge: Boolean
        get() = before.all >= COUNT_MIN && after.all >= COUNT_MIN && after.bad / after.all - before.bad / before.all >= RISE_MIN

    /** Logarithm of the chance of such a series under two shares. */
    val evidence: Double get() = evidence(before) + evidence(after)

    fun freeze(cause: FreezeCause) = Freeze(cause, before.bad / before.all, after.bad / after.all, after.all)
}

/**
 * Whether the share of bad ones has risen at the beginning of some slice: the Bayes factor of two shares, one before it and one since, over a
 * single one all along, each with the prior Beta(1, 1). Of the slice where it is largest; null where nothing rose.
 *
 * @param shares in the order of their slices
 * @param earlier of slices that are not told apart any more
 */
internal fun riseIn(shares: List<Share>, earlier: Share? = null): Rise? {
    val all = listOfNotNull(earlier) + shares
    val whole = all.total()
    val found = (1 until all.size)
        .map { split -> Rise(all[split].slice, all.subList(0, split).total(), all.subList(split, all.size).total()) }
        .filter { it.isLarge }
        .maxByOrNull { it.evidence }
    return found?.takeIf { it.evidence - evidence(whole) >= LOG_FACTOR_MIN }
}

/** On either side of the change. */
private const val COUNT_MIN = 20.0

/** In the share of bad ones: what is less is no reason to freeze, however sure it is. */
private const val RISE_MIN = 0.15

/** A thousand to one, since there are many slices, models and decisions in which chance alone may look like a change. */
private val LOG_FACTOR_MIN = ln(1_000.0)

private fun List<Share>.total() = Share(0, sumOf { it.bad }, sumOf { it.all })

/** Logarithm of the chance of such a series under a share that may be anything: the Beta function. */
private fun evidence(share: Share): Double =
    lnGamma(1 + share.bad) + lnGamma(1 + share.all - share.bad) - lnGamma(2 + share.all)

/** ln Γ([x]) for [x] above 0, right to ten digits: Stirling's series (DLMF 5.11.1), from where it is that exact. */
internal fun lnGamma(x: Double): Double {
    var shifted = x
    var product = 0.0
    while (shifted < STIRLING_MIN) {
        product += ln(shifted)
        shifted += 1.0
    }
    val inverse = 1 / shifted
    val square = inverse * inverse
    val series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1_260 - square / 1_680)))
    return (shifted - 0.5) * ln(shifted) - shifted + ln(2 * PI) / 2 + series - product
}

private const val STIRLING_MIN = 10.0
