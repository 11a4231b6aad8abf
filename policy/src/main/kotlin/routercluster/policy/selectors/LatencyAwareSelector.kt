package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import routercluster.policy.outcomes.Performance
import java.time.Duration

/**
 * The quickest candidate first: of each percentile that is asked for its ratio to the lowest one, the mean of these, and that divided by the
 * share of attempts that did not fail, since a quick failure has to be tried again.
 *
 * A candidate with fewer than [SAMPLES_MIN] measured answers has no such figure. Such candidates are picked as often as by chance, one time
 * in so many as there are candidates for each, until they have one. One whose attempts all failed is picked last until its failures
 * are forgotten.
 *
 * @property perTokenPercentile 1..100; null leaves the time per token out
 * @property firstBytePercentile 1..100; null leaves the time to the first token out
 */
data class LatencyAwareSelector(val perTokenPercentile: Int?, val firstBytePercentile: Int?) : Selector {
    init {
        require(perTokenPercentile != null || firstBytePercentile != null) { "one percentile at least is needed" }
    }

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val times = candidates.map { times(it, context.measured.statistics(it.model.name).performance) }
        val (failing, rest) = times.partition { it.performance.isFailing }
        val (known, unknown) = rest.partition { it.isMeasured }
        val ranked = costs(known).sortedBy { it.second }.map { (time, cost) -> Ranked(time.candidate, 1 / cost, time.reason(cost)) }
        val last = failing.map { Ranked(it.candidate, 0.0, "all of ${it.performance.attempts} attempts failed") }
        return exploring(ranked, unknown.map { it.unknown() }, last, context.random)
    }

    private fun times(candidate: Candidate, performance: Performance) =
        Times(
            candidate,
            perTokenPercentile?.let(performance.perToken::known),
            firstBytePercentile?.let(performance.firstByte::known),
            performance,
        )

    private fun costs(known: List<Times>): List<Pair<Times, Double>> {
        val perToken = known.mapNotNull { it.perToken }.minOrNull()
        val firstByte = known.mapNotNull { it.firstByte }.minOrNull()
        return known.map { times ->
            val ratios = listOfNotNull(times.perToken?.over(perToken), times.firstByte?.over(firstByte))
            times to ratios.average() / (times.performance.successShare ?: 1.0)
        }
    }

    private inner class Times(
        val candidate: Candidate,
        val perToken: Duration?,
        val firstByte: Duration?,
        val performance: Performance,
    ) {
        val isMeasured: Boolean =
            (perTokenPercentile == null || perToken != null) && (firstBytePercentile == null || firstByte != null)

        fun reason(cost: Double): String {
            val parts = listOfNotNull(
                firstByte?.let { "first token p$firstBytePercentile ${millis(it)} ms" },
                perToken?.let { "per token p$perTokenPercentile ${millis(it)} ms" },
                "${performance.attempts - performance.failures.values.sum()} of ${performance.attempts} attempts good",
            )
            return "${rounded(cost, 2)} times the best: ${parts.joinToString()}"
        }

        fun unknown(): Unknown {
            val answers = listOfNotNull(
                performance.perToken.count.takeIf { perTokenPercentile != null },
                performance.firstByte.count.takeIf { firstBytePercentile != null },
            ).min()
            return Unknown(candidate, "$answers measured answers, $SAMPLES_MIN are needed")
        }
    }
}

private fun Duration.over(lowest: Duration?): Double? = lowest?.let { toNanos().toDouble() / it.toNanos() }

private fun millis(time: Duration): String = rounded(time.toNanos() / NANOS_PER_MILLI, 1)

private const val NANOS_PER_MILLI = 1e6

internal fun readLatencyAware(parameters: Section?): Selector {
    val perToken = parameters?.int("tpot_percentile", PERCENTILES)
    val firstByte = parameters?.int("ttft_percentile", PERCENTILES)
    parameters?.string("description")
    return if (perToken == null && firstByte == null) LatencyAwareSelector(null, MEDIAN) else LatencyAwareSelector(perToken, firstByte)
}

private val PERCENTILES = 1..100
private const val MEDIAN = 50
