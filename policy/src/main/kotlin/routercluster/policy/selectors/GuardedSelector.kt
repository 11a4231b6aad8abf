package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.signals.Exemplars

/**
 * What holds a selector back, whichever it is.
 *
 * @property explorationMax share of requests, 0..1, that may go to a model only because too little is known of it
 * @property qualityFloor a model whose share of good verdicts is surely lower is not picked, 0..1; null for no floor
 * @property freezes whether a model that fell is not picked, see [routercluster.policy.outcomes.Freeze]
 */
data class Guards(val explorationMax: Double = 1.0, val qualityFloor: Double? = null, val freezes: Boolean = false) {
    companion object {
        val NONE = Guards()
    }
}

/**
 * [inner], held back by [guards]. Candidates that are frozen or below the floor are not ranked but put last; where all are, none is, since
 * some answer is better than none; and none is that holds state of the conversation which no other can go on from. Of requests that
 * would explore so many do as [Guards.explorationMax] allows, and the others go to the first candidate that needs no exploring. Where
 * [inner] does not say how many would, each stands with that chance, so fewer explore.
 */
class GuardedSelector(private val inner: Selector, private val guards: Guards) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val held = held(candidates, context)
        val free = candidates.filterNot { it in held }
        if (free.isEmpty()) return bounded(inner.rank(candidates, context), context)
        val ranked = bounded(inner.rank(free, context), context)
        val lowest = minOf(ranked.last().score, 0.0)
        return ranked + held.map { (candidate, reason) -> Ranked(candidate, lowest, reason, propensity = 0.0) }
    }

    override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double> {
        val held = held(candidates, context)
        val free = candidates.filterNot { it in held }.ifEmpty { candidates }
        val inside = inner.propensities(free, context.measured, context.traits)
        // Which candidates would be explored does not depend on chance.
        val ranked = inner.rank(free, context)
        val explored = ranked.filter { it.isExplored }.map { it.candidate }
        val base = ranked.firstOrNull { !it.isExplored }?.candidate
        val stands = if (base == null) 1.0 else guards.explorationMax
        val turned = (1 - stands) * explored.sumOf { inside.getValue(it.label) }
        return candidates.map { candidate ->
            val chance = if (candidate in free) inside.getValue(candidate.label) else 0.0
            when (candidate) {
                base -> chance + turned
                in explored -> stands * chance
                else -> chance
            }
        }
    }

    private fun held(candidates: List<Candidate>, context: SelectionContext): Map<Candidate, String> {
        if (!guards.freezes && guards.qualityFloor == null) return emptyMap()
        val reasons = LinkedHashMap<Candidate, String>()
        val bound = context.traits.session
            ?.takeIf { it.isBound }
            ?.model
        for (candidate in candidates.filterNot { it.model.name == bound }) {
            val known = context.measured.statistics(candidate.model.name)
            val frozen = known.frozen?.takeIf { guards.freezes }?.let { "frozen: $it" }
            (frozen ?: guards.qualityFloor?.let { belowFloor(known.verdicts, it) })?.let { reasons[candidate] = it }
        }
        return reasons
    }

    private fun bounded(ranked: List<Ranked>, context: SelectionContext): List<Ranked> {
        val base = ranked.firstOrNull { !it.isExplored }
        val explored = ranked.filter { it.isExplored }
        if (guards.explorationMax >= 1.0 || base == null || explored.isEmpty()) return ranked
        val chances = explored.map { it.propensity }
        val exploring = if (null in chances) 1.0 else chances.sumOf { it ?: 0.0 }
        val stands = if (exploring > guards.explorationMax) guards.explorationMax / exploring else 1.0
        if (stands == 1.0) return ranked
        val told = ranked.map { one -> one.copy(propensity = one.propensity?.let { bounded(one, base, it, exploring, stands) }) }
        if (!ranked.first().isExplored || context.random.nextDouble() < stands) return told
        val first = told[ranked.indexOf(base)]
        val reason = "${first.reason}; no more than ${rounded(guards.explorationMax * PERCENT, 1)} % of requests explore"
        val others = told.filter { it !== first }.map { it.copy(score = minOf(it.score, first.score)) }
        return listOf(first.copy(reason = reason)) + others
    }

    private fun bounded(one: Ranked, base: Ranked, chance: Double, exploring: Double, stands: Double): Double =
        when {
            one === base -> chance + (1 - stands) * exploring
            one.isExplored -> stands * chance
            else -> chance
        }

    override val needs: Set<Need> get() = inner.needs
    override val advices: List<Advice> get() = inner.advices

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = GuardedSelector(inner.bound(candidates, catalog), guards)

    override val exemplars: Exemplars? get() = inner.exemplars

    override fun prepared(vectors: List<FloatArray>): Selector = GuardedSelector(inner.prepared(vectors), guards)

    private companion object {
        const val PERCENT = 100
    }
}
