package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Section
import routercluster.policy.signals.Exemplars

/** How much each part counts, 0..1. */
data class HybridWeights(val experience: Double = 0.3, val similarity: Double = 0.3, val automix: Double = 0.2, val cost: Double = 0.2)

/**
 * The weighted mean of several selectors' judgements, over those that there are of a candidate: experience ([Quality]), similarity of its
 * description ([RouterDcSelector]), what beginning with it is worth ([AutomixSelector]), and what it saves of the priciest one's price. A
 * candidate of which there is none, or nothing but a price while more is known of another, is tried as often as by chance: a price says nothing
 * of answers, so a new model would else never be asked where it is the priciest.
 *
 * @property isNormalised whether each part is taken in proportion to the highest among the candidates, so that none outweighs the others by
 *   its scale
 * @property qualityGap where another candidate's quality is less than this below the first one's, the cheapest such candidate is taken
 *   instead; null takes the first
 */
class HybridSelector private constructor(
    val weights: HybridWeights,
    val isNormalised: Boolean,
    val qualityGap: Double?,
    private val similarity: RouterDcSelector,
) : Selector {
    constructor(weights: HybridWeights = HybridWeights(), isNormalised: Boolean = true, qualityGap: Double? = null) :
        this(weights, isNormalised, qualityGap, RouterDcSelector(RouterDcSettings()))

    private val automix = AutomixSelector()

    override val needs: Set<Need> get() = if (weights.similarity > 0.0) similarity.needs else emptySet()
    override val exemplars: Exemplars? get() = if (weights.similarity > 0.0) similarity.exemplars else null

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = with(similarity.bound(candidates, catalog))

    override fun prepared(vectors: List<FloatArray>): Selector = with(similarity.prepared(vectors))

    private fun with(selector: Selector): Selector =
        if (selector is RouterDcSelector) HybridSelector(weights, isNormalised, qualityGap, selector) else this

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val qualities = candidates.associateWith { Quality.of(it, context.measured.statistics(it.model.name).verdicts) }
        val prices = Prices(candidates, context.measured)
        val parts = parts(candidates, qualities, prices, context.traits)
        val scored = candidates.map { candidate ->
            val own = parts.mapNotNull { part -> part.of(candidate)?.let { part to it } }
            val score = own.sumOf { (part, value) -> part.weight * value } / own.sumOf { it.first.weight }
            val left = parts.filter { it.of(candidate) == null }.joinToString { it.name }.ifEmpty { null }
            val reason = listOfNotNull(
                qualities[candidate]?.reason,
                left?.let { "without $it" },
                lackOfWords(context.traits),
            ).joinToString()
            Ranked(candidate, score, reason.ifEmpty { "all parts" }, parts = own.associate { (part, value) -> part.name to value })
        }
        val isMoreKnown = scored.any { it.parts.hasMoreThanCost() }
        val (known, unknown) = scored.partition { if (isMoreKnown) it.parts.hasMoreThanCost() else it.parts.isNotEmpty() }
        val order = thrifty(known.sortedByDescending { it.score }, qualities, prices)
        return exploring(order, unknown.map { Unknown(it.candidate, lack(it)) }, emptyList(), context.random)
    }

    private fun Map<String, Double>.hasMoreThanCost() = keys.any { it != COST }

    private fun lack(ranked: Ranked) = if (ranked.parts.isEmpty()) "no part of the score is known" else "nothing but its price is known"

    private fun lackOfWords(traits: Traits): String? = if (Need.EMBEDDING in needs &&
        Need.EMBEDDING in traits.lacks
    ) {
        traits.why(Need.EMBEDDING)
    } else {
        null
    }

    private class Part(val name: String, val weight: Double, private val values: Map<Candidate, Double>) {
        fun of(candidate: Candidate): Double? = values[candidate]
    }

    private fun parts(candidates: List<Candidate>, qualities: Map<Candidate, Quality?>, prices: Prices, traits: Traits): List<Part> {
        val near = if (weights.similarity > 0.0) similarity.similarities(traits)?.let { it to similarity.chances(it) } else null
        val worth = automix.worth(qualities, prices)
        return listOf(
            part("experience", weights.experience, candidates) { qualities[it]?.mean },
            part("similarity", weights.similarity, candidates) { candidate ->
                near?.let { (known, chances) ->
                    candidate.model.name
                        .takeIf { it in known }
                        ?.let { chances[it] ?: 0.0 }
                }
            },
            part("automix", weights.automix, candidates) { worth[it]?.values?.sum() },
            part(COST, weights.cost, candidates) { prices.share(it)?.let { share -> 1 - share } },
        ).filter { it.weight > 0.0 }
    }

    private fun part(name: String, weight: Double, candidates: List<Candidate>, of: (Candidate) -> Double?): Part {
        val values = candidates.mapNotNull { candidate -> of(candidate)?.let { candidate to it } }.toMap()
        val highest = values.values.maxOrNull()?.takeIf { isNormalised && it > 0.0 } ?: 1.0
        return Part(name, weight, values.mapValues { (it.value / highest).coerceIn(0.0, 1.0) })
    }

    /** The cheapest of those that are hardly worse before the first. */
    private fun thrifty(ranked: List<Ranked>, qualities: Map<Candidate, Quality?>, prices: Prices): List<Ranked> {
        val first = ranked.firstOrNull() ?: return ranked
        val best = qualities[first.candidate]?.mean
        if (qualityGap == null || best == null) return ranked
        val price = prices.perMillion(first.candidate) ?: return ranked
        val cheaper = ranked.filter { other ->
            val quality = qualities[other.candidate]?.mean
            val own = prices.perMillion(other.candidate)
            quality != null && own != null && own < price && best - quality < qualityGap
        }
        val taken = cheaper.minByOrNull { prices.perMillion(it.candidate) ?: price } ?: return ranked
        val reason = "${taken.reason}; cheaper than ${first.candidate.model.name} and less than $qualityGap worse"
        return listOf(taken.copy(score = first.score, reason = reason)) + (ranked - taken)
    }

    internal companion object {
        private const val COST = "cost"

        fun read(parameters: Section?): Selector {
            val default = HybridWeights()
            return HybridSelector(
                HybridWeights(
                    parameters?.double("experience_weight", SHARES) ?: default.experience,
                    parameters?.double("router_dc_weight", SHARES) ?: default.similarity,
                    parameters?.double("automix_weight", SHARES) ?: default.automix,
                    parameters?.double("cost_weight", SHARES) ?: default.cost,
                ),
                parameters?.boolean("normalize_scores") ?: true,
                parameters?.double("quality_gap_threshold", SHARES),
            )
        }
    }
}
