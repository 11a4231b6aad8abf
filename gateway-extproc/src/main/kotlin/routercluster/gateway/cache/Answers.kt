package routercluster.gateway.cache

import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderPool
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.LearntSharing
import routercluster.policy.cache.LocalCacheLedger
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.Events
import routercluster.telemetry.PrometheusEvents

/**
 * What answers that are given again need from outside of a gateway.
 *
 * @property answers opens the exact tier that nodes share; null where each has its own alone
 * @property flights of equal requests of all nodes; null for a node that is alone
 * @property learnt puts together what nodes learn of hits; null where it is kept by this process alone
 */
class CacheParts(
    val answers: (() -> SharedAnswers)? = null,
    val flights: AnswerFlights? = null,
    val learnt: LearntSharing? = null,
)

/** Without a secret of a cluster, whose answers are whose holds for as long as this process runs. */
internal fun answers(
    config: GatewayConfig,
    encoders: EncoderPool,
    events: Events,
    metrics: PrometheusEvents,
    ring: DecisionRing,
): AnswerDesk {
    val own = config.ids.nextBytes(SECRET_BYTES)
    // What keeps a ledger keeps a secret beside it.
    val isSettled = { config.cacheLedger == null || config.replaySecret() != null }
    val namespaces = Namespaces(isSettled) { config.replaySecret() ?: own }
    val versionOf = { name: String -> encoders.status()[name]?.version }
    val tally = CacheTally(config.clock.instant())
    val desk = AnswerDesk(
        config.policy.cache,
        config.vectors,
        config.cacheParts,
        namespaces,
        versionOf,
        config.clock,
        config.random,
        Events.all(events, tally),
        ring,
        config.cacheLedger ?: LocalCacheLedger(config.clock),
        tally,
    )
    metrics.addCache(desk.operations)
    return desk
}

private fun PrometheusEvents.addCache(operations: CacheOperations) {
    gauge("router.cache.entries", "Answers that are kept for equal requests") { operations.exact.count.toDouble() }
    gauge("router.cache.bytes", "What they take, about") { operations.exact.bytes.toDouble() }
    gauge("router.cache.evicted", "Answers that had to go for others since the start") { operations.exact.evicted.toDouble() }
    gauge("router.cache.store.evicted", "Answers in the store of vectors that had to go for others since the start") {
        operations.evictedAlike.toDouble()
    }
    gauge("router.cache.invalidations", "Invalidations in force") { operations.invalidationCount.toDouble() }
    val estimate = "Share of a category's requests that get a wrong answer from the cache, as its looks tell: the likely one, and bounds"
    gauges("router.cache.wrong.share", estimate, listOf("recipe", "decision", "category", "value")) {
        operations.learnt().flatMap { decision ->
            decision.categories.flatMap { category ->
                val wrong = category.standing.wrongShare ?: return@flatMap emptyList()
                val names = listOf(decision.recipe, decision.decision, category.standing.category)
                listOf("likely" to wrong.likely, "low" to wrong.low, "high" to wrong.high).map { (which, share) -> names + which to share }
            }
        }
    }
}

private const val SECRET_BYTES = 32
