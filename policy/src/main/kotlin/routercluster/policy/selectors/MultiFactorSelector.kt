package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.config.Section
import routercluster.policy.outcomes.Performance
import java.time.Duration

/** How much each factor counts, 0..1. */
data class FactorWeights(val quality: Double = 0.25, val latency: Double = 0.25, val cost: Double = 0.25, val load: Double = 0.25)

/**
 * The weighted mean of four factors, each 0..1 in proportion to the best of the candidates within the bounds: quality by verdicts and card
 * ([Quality]), latency as the mean of the lowest time over its own for the percentile of both times, the lowest price over its own, and load as
 * one over requests under way and this one. So a hundredth's difference of a factor is a hundredth of it, and not the whole scale.
 *
 * A factor that is known of no candidate, and a price that is not known of all, is left out. Where quality or latency is known of some
 * only, the others are tried as often as by chance. A candidate whose attempts all failed is last.
 *
 * @property percentile of both times, 1..100
 */
data class MultiFactorSelector(
    val weights: FactorWeights = FactorWeights(),
    val bounds: ServiceLevels = ServiceLevels(),
    val percentile: Int = 95,
    val noneWithin: NoneWithin = NoneWithin.CHEAPEST,
) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val prices = Prices(candidates, context.measured)
        val all = candidates.map { figures(it, context, prices) }
        val (failing, working) = all.partition { it.performance.isFailing }
        val (within, beyond) = working.partition { it.excess(bounds) == null }
        val last = (
            byPrice(beyond).map { Ranked(it.candidate, 0.0, "${it.excess(bounds)}") } +
                failing.map { Ranked(it.candidate, 0.0, FAILING) }
        )
        if (working.isEmpty()) return last.certain()
        if (within.isEmpty()) return none(beyond, last)
        val factors = factors(within)
        val (known, unknown) = within.partition { figures -> factors.all { it.of(figures) != null } }
        val ranked = known.map { ranked(it, factors) }.sortedByDescending { it.score }
        return exploring(ranked, unknown.map { Unknown(it.candidate, lack(it, factors)) }, last, context.random)
    }

    private fun figures(candidate: Candidate, context: SelectionContext, prices: Prices): FactorFigures {
        val statistics = context.measured.statistics(candidate.model.name)
        return FactorFigures(
            candidate,
            Quality.of(candidate, statistics.verdicts),
            statistics.performance,
            statistics.performance.perToken.known(percentile),
            statistics.performance.firstByte.known(percentile),
            prices.perMillion(candidate),
            context.measured.inFlight(candidate.model.name),
        )
    }

    private fun factors(within: List<FactorFigures>): List<Factor> {
        val best = within.mapNotNull { it.quality?.mean }.maxOrNull()
        val perToken = within.mapNotNull { it.perToken }.minOrNull()
        val firstByte = within.mapNotNull { it.firstByte }.minOrNull()
        val cheapest = within.mapNotNull { it.price }.minOrNull()
        val isPriced = within.all { it.price != null }
        return listOf(
            Factor("quality", weights.quality) { it.quality?.mean?.let { mean -> ratio(mean, best ?: mean) } },
            Factor("latency", weights.latency) { figures ->
                val ratios = listOfNotNull(figures.perToken?.below(perToken), figures.firstByte?.below(firstByte))
                if (ratios.isEmpty()) null else ratios.average()
            },
            Factor("cost", if (isPriced) weights.cost else 0.0) { it.price?.let { price -> ratio(cheapest ?: price, price) } },
            Factor("load", weights.load) { 1.0 / (1 + it.inFlight) },
        ).filter { factor -> factor.weight > 0.0 && within.any { factor.of(it) != null } }
    }

    private fun ranked(figures: FactorFigures, factors: List<Factor>): Ranked {
        val parts = factors.associate { it.name to (it.of(figures) ?: 0.0) }
        val total = factors.sumOf { it.weight }
        val score = if (total > 0.0) factors.sumOf { it.weight * parts.getValue(it.name) } / total else 0.0
        val reason = if (factors.isEmpty()) "nothing is known of any candidate, so the order of the policy" else figures.told(percentile)
        return Ranked(figures.candidate, score, reason, parts = parts)
    }

    private fun lack(figures: FactorFigures, factors: List<Factor>): String =
        factors.filter { it.of(figures) == null }.joinToString {
            if (it.name ==
                "quality"
            ) {
                Quality.UNKNOWN
            } else {
                "fewer than $SAMPLES_MIN measured answers"
            }
        }

    private fun none(outside: List<FactorFigures>, last: List<Ranked>): List<Ranked> {
        val reasons = last.associate { it.candidate to it.reason }
        val order = if (noneWithin == NoneWithin.CHEAPEST) byPrice(outside) else outside
        val rest = last.filter { ranked -> order.none { it.candidate == ranked.candidate } }
        val barred = noneWithin == NoneWithin.FAIL
        val first = order.map {
            Ranked(
                it.candidate,
                0.0,
                "${reasons[it.candidate]}; no candidate is within the bounds",
                isBarred = barred,
            )
        }
        return (first + rest.map { it.copy(isBarred = barred) }).certain()
    }

    /** Those without a price last. */
    private fun byPrice(figures: List<FactorFigures>) = figures.sortedBy { it.price ?: Double.MAX_VALUE }

    companion object {
        private const val FAILING = "all of its attempts failed"

        internal fun read(parameters: Section?): Selector {
            val weights = parameters?.section("weights")
            val default = FactorWeights()
            return MultiFactorSelector(
                FactorWeights(
                    weights?.double("quality", SHARES) ?: default.quality,
                    weights?.double("latency", SHARES) ?: default.latency,
                    weights?.double("cost", SHARES) ?: default.cost,
                    weights?.double("load", SHARES) ?: default.load,
                ),
                ServiceLevels.read(parameters?.section("slo")),
                parameters?.int("latency_percentile", 1..100) ?: 95,
                parameters?.oneOf("on_no_candidates", (NoneWithin.entries - NoneWithin.FASTEST).associateBy { it.name.lowercase() })
                    ?: NoneWithin.CHEAPEST,
            )
        }
    }
}

/** What is known of one candidate, null for what is not. */
private class FactorFigures(
    val candidate: Candidate,
    val quality: Quality?,
    val performance: Performance,
    val perToken: Duration?,
    val firstByte: Duration?,
    val price: Double?,
    val inFlight: Int,
) {
    fun excess(bounds: ServiceLevels): String? = bounds.excess(perToken, firstByte, price, inFlight)

    fun told(percentile: Int): String =
        listOfNotNull(
            quality?.reason,
            firstByte?.let { "first token p$percentile ${shown(it.millis())} ms" },
            perToken?.let { "per token p$percentile ${shown(it.millis())} ms" },
            price?.let { "${shown(it)} a million tokens" },
            "$inFlight under way",
        ).joinToString()

    private fun shown(value: Double?) = value?.let { rounded(it, 2) }
}

private class Factor(val name: String, val weight: Double, val of: (FactorFigures) -> Double?)

/** [low] over [high]; one that is nothing beside something is 0. */
private fun ratio(low: Double, high: Double): Double = if (high > 0.0) low / high else 1.0

private fun Duration.below(lowest: Duration?): Double? = lowest?.let { ratio(it.toNanos().toDouble(), toNanos().toDouble()) }

internal fun Duration.millis(): Double = toNanos() / 1e6

internal val SHARES = 0.0..1.0
