package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Section
import routercluster.policy.outcomes.Performance
import routercluster.policy.signals.Exemplars
import java.time.Duration

/**
 * What a candidate has to keep to be picked, whichever selector picks. What is not known breaks nothing.
 *
 * @property levels times, price and load
 * @property percentile of both times, 1..100
 * @property costMax of one request, in the policy's currency, see [estimatedCost]
 * @property isWithinBudget whether a request may not cost more than what is left of its caller's limits of money
 * @property qualityFloor share of good verdicts below which a model surely is, see [belowFloor]; null for no floor
 * @property noneWithin what happens where every candidate breaks one
 */
data class Constraints(
    val levels: ServiceLevels = ServiceLevels(),
    val percentile: Int = 95,
    val costMax: Double? = null,
    val isWithinBudget: Boolean = false,
    val qualityFloor: Double? = null,
    val noneWithin: NoneWithin = NoneWithin.CHEAPEST,
) {
    internal companion object {
        fun read(section: Section) =
            Constraints(
                ServiceLevels.read(section),
                section.int("latency_percentile", 1..100) ?: 95,
                section.double("max_cost", ServiceLevels.BOUNDS),
                section.boolean("within_budget") ?: false,
                section.double("min_quality", SHARES),
                section.oneOf("on_no_candidates", NoneWithin.entries.associateBy { it.name.lowercase() }) ?: NoneWithin.CHEAPEST,
            )
    }
}

/**
 * [inner], of the candidates that keep [constraints]: the others are its last fall-backs, each with what it breaks. Where all break one, none is left
 * to choose from: the cheapest by what the request would cost, the fastest by the time to the first token, the first of the file, or nobody, which
 * refuses the request. A model whose provider holds state of the conversation is never passed over, since no other could go on.
 */
data class ConstrainedSelector(private val inner: Selector, val constraints: Constraints) : Selector {
    override val needs: Set<Need>
        get() {
            val asksMoney = constraints.costMax != null || constraints.isWithinBudget
            val own = listOfNotNull(Need.PROMPT_TOKENS.takeIf { asksMoney }, Need.BUDGET.takeIf { constraints.isWithinBudget })
            return inner.needs + own
        }

    override val refuses: Boolean get() = constraints.noneWithin == NoneWithin.FAIL

    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val broken = broken(candidates, context)
        val free = candidates.filterNot { it in broken }
        if (free.isEmpty()) return none(candidates, broken, context)
        val ranked = inner.rank(free, context)
        val lowest = minOf(ranked.last().score, 0.0)
        return ranked + broken.map { (candidate, reason) -> Ranked(candidate, lowest, "passed over: $reason", propensity = 0.0) }
    }

    override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double> {
        val broken = broken(candidates, context)
        val free = candidates.filterNot { it in broken }
        val inside = if (free.isEmpty()) {
            mapOf(none(candidates, broken, context).first().candidate.label to 1.0)
        } else {
            inner.propensities(free, context.measured, context.traits)
        }
        return candidates.map { if (it in broken && free.isNotEmpty()) 0.0 else inside[it.label] ?: 0.0 }
    }

    private fun broken(candidates: List<Candidate>, context: SelectionContext): Map<Candidate, String> {
        val bound = context.traits.session
            ?.takeIf { it.isBound }
            ?.model
        val prices = Prices(candidates, context.measured)
        val reasons = LinkedHashMap<Candidate, String>()
        for (candidate in candidates) {
            if (candidate.model.name == bound) continue
            breach(candidate, prices, context)?.let { reasons[candidate] = it }
        }
        return reasons
    }

    private fun breach(candidate: Candidate, prices: Prices, context: SelectionContext): String? {
        val known = context.measured.statistics(candidate.model.name)
        val cost = estimatedCost(candidate, known.performance, context.traits)
        val left = context.traits.moneyLeft.takeIf { constraints.isWithinBudget }
        val costMax = constraints.costMax
        return when {
            cost != null && costMax != null && cost > costMax -> {
                "would cost about ${rounded(cost, COST_DIGITS)}, at most $costMax a request"
            }

            cost != null && left != null && cost > left -> {
                "would cost about ${rounded(cost, COST_DIGITS)}, ${rounded(left, COST_DIGITS)} is left of the caller's budget"
            }

            else -> {
                val levels = constraints.levels
                val inFlight = if (levels.inFlightMax == null) 0 else context.measured.inFlight(candidate.model.name)
                val (perToken, firstByte) = known.performance.run {
                    perToken.known(constraints.percentile) to
                        firstByte.known(constraints.percentile)
                }
                levels.excess(perToken, firstByte, prices.perMillion(candidate), inFlight)
                    ?: constraints.qualityFloor?.let { belowFloor(known.verdicts, it) }
            }
        }
    }

    private fun none(candidates: List<Candidate>, broken: Map<Candidate, String>, context: SelectionContext): List<Ranked> {
        val known = { candidate: Candidate -> context.measured.statistics(candidate.model.name).performance }
        val prices = Prices(candidates, context.measured)
        val order = when (constraints.noneWithin) {
            NoneWithin.CHEAPEST -> {
                val costs = candidates.associateWith { estimatedCost(it, known(it), context.traits) }
                // Costs of a request tell most, where they are known of all.
                val of = { candidate: Candidate -> if (null in costs.values) prices.perMillion(candidate) else costs[candidate] }
                candidates.sortedBy { of(it) ?: Double.MAX_VALUE }
            }

            NoneWithin.FASTEST -> {
                candidates.sortedBy { known(it).firstByte.known(constraints.percentile) ?: UNKNOWN }
            }

            NoneWithin.FIRST, NoneWithin.FAIL -> {
                candidates
            }
        }
        val isBarred = constraints.noneWithin == NoneWithin.FAIL
        return order.map { Ranked(it, 0.0, "${broken[it]}; no candidate keeps the constraints", isBarred = isBarred) }.certain()
    }

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector =
        ConstrainedSelector(inner.bound(candidates, catalog), constraints)

    override val exemplars: Exemplars? get() = inner.exemplars

    override fun prepared(vectors: List<FloatArray>): Selector = ConstrainedSelector(inner.prepared(vectors), constraints)

    private companion object {
        const val COST_DIGITS = 6
        val UNKNOWN: Duration = Duration.ofDays(1)
    }
}

/**
 * What the request would cost at [candidate]: its prompt, by the estimate of its tokens, and an answer as long as this model's answers were in the mean.
 * Before it has answered [SAMPLES_MIN] times, its prompt alone. Null where the prompt's length or the price is not known.
 */
internal fun estimatedCost(candidate: Candidate, known: Performance, traits: Traits): Double? {
    val pricing = candidate.model.pricing ?: return null
    val prompt = traits.promptTokens ?: return null
    val answers = known.total.count
    val completion = if (answers >= SAMPLES_MIN) known.completionTokens.toDouble() / answers else 0.0
    return (prompt * pricing.promptPerMillion + completion * pricing.completionPerMillion) / TOKENS_PRICED
}

private const val TOKENS_PRICED = 1e6
