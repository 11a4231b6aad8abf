package routercluster.gateway.pipeline

import routercluster.gateway.upstream.Upstreams
import routercluster.policy.Policy
import routercluster.policy.request.LanguageDetector
import routercluster.policy.request.LinguaLanguageDetector

/** A policy with what was built for it. A request keeps the snapshot it began with; a reload makes a new one. */
class Snapshot(val policy: Policy, val upstreams: Upstreams) {
    val edge: Edge = Edge(policy.identity, policy.gateway)

    /** Tells apart the languages that the policy names, and none where it names none: tables of all languages are big. */
    val languages: LanguageDetector = policy.languageCodes().let { if (it.isEmpty()) LanguageDetector.None else LinguaLanguageDetector(it) }
}

private fun Policy.languageCodes(): Set<String> =
    recipes.values.flatMap { it.signals }.filter { it.ref.type == "language" }.map { it.ref.name }.toSet()
