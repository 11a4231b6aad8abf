package routercluster.policy.outcomes

import routercluster.policy.FailureClass
import kotlin.math.roundToLong

/**
 * How a model's attempts went. All of it are whole-number sums, so that parts that were counted in different places add up to the same
 * in any order.
 *
 * @property attempts all of them, but for those that somebody else cut short
 * @property failures of [attempts], by class
 * @property firstByte of good answers
 * @property perToken of good answers with two tokens or more
 * @property costNanos in billionths of the policy's currency
 */
data class Performance(
    val attempts: Long = 0,
    val failures: Map<FailureClass, Long> = emptyMap(),
    val firstByte: LatencySketch = LatencySketch.NONE,
    val total: LatencySketch = LatencySketch.NONE,
    val perToken: LatencySketch = LatencySketch.NONE,
    val promptTokens: Long = 0,
    val completionTokens: Long = 0,
    val costNanos: Long = 0,
) {
    /** 0..1; null before the first attempt. */
    val successShare: Double? get() = if (attempts == 0L) null else (attempts - failures.values.sum()).toDouble() / attempts

    operator fun plus(other: Performance) =
        Performance(
            attempts + other.attempts,
            failures.plusCounts(other.failures),
            firstByte + other.firstByte,
            total + other.total,
            perToken + other.perToken,
            promptTokens + other.promptTokens,
            completionTokens + other.completionTokens,
            costNanos + other.costNanos,
        )

    companion object {
        val NONE = Performance()

        fun of(outcome: AttemptOutcome): Performance {
            val answer = outcome.answer
            return Performance(
                attempts = 1,
                failures = outcome.failure?.let { mapOf(it to 1L) }.orEmpty(),
                firstByte = answer?.let { LatencySketch.of(it.firstByte) } ?: LatencySketch.NONE,
                total = answer?.let { LatencySketch.of(it.total) } ?: LatencySketch.NONE,
                perToken = answer?.perToken?.let(LatencySketch::of) ?: LatencySketch.NONE,
                promptTokens = answer?.promptTokens ?: 0,
                completionTokens = answer?.completionTokens ?: 0,
                costNanos = outcome.costNanos,
            )
        }

        private fun Map<FailureClass, Long>.plusCounts(other: Map<FailureClass, Long>): Map<FailureClass, Long> =
            when {
                other.isEmpty() -> this
                isEmpty() -> other
                else -> (keys + other.keys).associateWith { (this[it] ?: 0) + (other[it] ?: 0) }
            }
    }
}

/** Verdicts in thousandths of one, so that a score between good and bad adds up exactly too. */
data class VerdictSums(val goodFit: Long = 0, val underpowered: Long = 0, val overprovisioned: Long = 0, val failed: Long = 0) {
    /** Those that speak against the model's strength. One that was too much for its task did the task. */
    val bad: Long get() = underpowered + failed

    /** All of it, whatever it says. */
    val weight: Long get() = goodFit + underpowered + overprovisioned + failed

    operator fun plus(other: VerdictSums) =
        VerdictSums(
            goodFit + other.goodFit,
            underpowered + other.underpowered,
            overprovisioned + other.overprovisioned,
            failed + other.failed,
        )

    /** No part falls below 0. */
    operator fun minus(other: VerdictSums) =
        VerdictSums(
            (goodFit - other.goodFit).coerceAtLeast(0),
            (underpowered - other.underpowered).coerceAtLeast(0),
            (overprovisioned - other.overprovisioned).coerceAtLeast(0),
            (failed - other.failed).coerceAtLeast(0),
        )

    companion object {
        /** Thousandths in one verdict. */
        const val WHOLE = 1_000L

        val NONE = VerdictSums()

        /** [weight] 0..1 of one [verdict]. */
        fun of(verdict: Verdict, weight: Double = 1.0): VerdictSums {
            require(weight in 0.0..1.0) { "weight is $weight; expected 0 to 1" }
            val part = (weight * WHOLE).roundToLong()
            return when (verdict) {
                Verdict.GOOD_FIT -> VerdictSums(goodFit = part)
                Verdict.UNDERPOWERED -> VerdictSums(underpowered = part)
                Verdict.OVERPROVISIONED -> VerdictSums(overprovisioned = part)
                Verdict.FAILED -> VerdictSums(failed = part)
            }
        }

        /** A [score] from 0, of no use, to 1, just right. */
        fun ofScore(score: Double): VerdictSums = of(Verdict.GOOD_FIT, score).let { it.copy(underpowered = WHOLE - it.goodFit) }
    }
}

/**
 * What is known of a model within the windows of [DecisionStatistics].
 *
 * @property verdicts since it last fell, see [Fall]
 * @property frozen why it should not be picked; null where there is no reason
 * @property contexts what verdicts say of linear models of its quality, by what these look at
 * @property rating by comparisons and verdicts; null where the decision's models were not compared
 */
data class ModelStatistics(
    val performance: Performance = Performance.NONE,
    val verdicts: VerdictSums = VerdictSums.NONE,
    val frozen: Freeze? = null,
    val contexts: Map<Layout, ContextSums> = emptyMap(),
    val rating: Rating? = null,
) {
    companion object {
        val NONE = ModelStatistics()
    }
}

/** How many are frozen. */
fun Map<String, ModelStatistics>.frozen(): Int = values.count { it.frozen != null }
