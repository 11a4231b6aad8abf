package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.signals.Exemplars

/**
 * Lets [inner] choose and serves the order of the file all the same: what it would have picked, and by which figures, stands in the record.
 * So a selector can be watched before it counts.
 */
class ShadowSelector(private val inner: Selector) : Selector {
    override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
        val wanted = inner.rank(candidates, context)
        val places = wanted.withIndex().associate { (place, ranked) -> ranked.candidate to (place to ranked) }
        return StaticSelector.rank(candidates, context).map { served ->
            val (place, ranked) = places.getValue(served.candidate)
            served.copy(reason = "${served.reason}; in shadow place ${place + 1}: ${ranked.reason}", parts = mapOf(SCORE to ranked.score))
        }
    }

    override val needs: Set<Need> get() = inner.needs
    override val advices: List<Advice> get() = inner.advices

    override fun bound(candidates: List<Candidate>, catalog: Catalog): Selector = ShadowSelector(inner.bound(candidates, catalog))

    override val exemplars: Exemplars? get() = inner.exemplars

    override fun prepared(vectors: List<FloatArray>): Selector = ShadowSelector(inner.prepared(vectors))

    private companion object {
        const val SCORE = "shadow_score"
    }
}
