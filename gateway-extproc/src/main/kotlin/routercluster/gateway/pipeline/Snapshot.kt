package routercluster.gateway.pipeline

import routercluster.gateway.upstream.Upstreams
import routercluster.policy.Policy
import routercluster.policy.request.LanguageDetector
import routercluster.policy.request.LinguaLanguageDetector
import routercluster.policy.signals.LanguageSignal

/** A policy with what was built for it. A request keeps the snapshot it began with; a reload makes a new one. */
class Snapshot(val policy: Policy, val upstreams: Upstreams) {
    val edge: Edge = Edge(policy.identity, policy.gateway)

    val languages: LanguageDetector = languages(policy)

    companion object {
        /** Tells apart the languages that [policy] names, and none where it names none: tables of all languages are big. */
        fun languages(policy: Policy): LanguageDetector {
            val codes = policy.recipes.values.flatMap { it.signals }.filterIsInstance<LanguageSignal>().map { it.code }.toSet()
            return if (codes.isEmpty()) LanguageDetector.None else LinguaLanguageDetector(codes)
        }
    }
}
