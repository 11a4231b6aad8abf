package routercluster.gateway.pipeline

import routercluster.gateway.upstream.Upstreams
import routercluster.policy.Policy
import routercluster.policy.request.LanguageDetector
import routercluster.policy.request.LinguaLanguageDetector
import routercluster.policy.request.TokenEstimate
import routercluster.policy.signals.LanguageSignal

/** A policy with what was built for it. A request keeps the snapshot it began with; a reload makes a new one. */
class Snapshot(val policy: Policy, val upstreams: Upstreams) {
    val edge: Edge = Edge(policy.identity, policy.gateway)

    val languages: LanguageDetector = languages(policy)

    private val countsTokens = policy.recipes.values.any { recipe -> recipe.signals.any { it.ref.type == "context" } }

    fun fitUpstreams(): Int = upstreams.health().values.count { it == Upstreams.FIT }

    /** Whether requests would wait for what [warm] loads. */
    val isSlowToStart: Boolean = countsTokens || languages != LanguageDetector.None

    /** Loads tables, some 0.3 s each: those that the first requests would otherwise wait for, and what estimates unsaid tokens. */
    fun warm() {
        languages.detect(WARM_UP_TEXT)
        TokenEstimate.warm()
    }

    companion object {
        private const val WARM_UP_TEXT = "Any words at all will do."

        /** Tells apart the languages that [policy] names, and none where it names none: tables of all languages are big. */
        fun languages(policy: Policy): LanguageDetector {
            val codes = policy.recipes.values
                .flatMap { it.signals }
                .filterIsInstance<LanguageSignal>()
                .map { it.code }
                .toSet()
            return if (codes.isEmpty()) LanguageDetector.None else LinguaLanguageDetector(codes)
        }
    }
}
