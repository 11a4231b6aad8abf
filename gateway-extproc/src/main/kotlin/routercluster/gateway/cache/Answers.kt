package routercluster.gateway.cache

import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderPool
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.Events
import routercluster.telemetry.PrometheusEvents

/**
 * What the nodes of a cluster have in common for answers that are given again.
 *
 * @property answers opens the exact tier that they share; null where each has its own alone
 * @property flights of equal requests; null for a node that is alone
 */
class SharedCache(val answers: (() -> SharedAnswers)? = null, val flights: AnswerFlights? = null)

/** Without a secret of a cluster, whose answers are whose holds for as long as this process runs. */
internal fun answers(
    config: GatewayConfig,
    encoders: EncoderPool,
    events: Events,
    metrics: PrometheusEvents,
    ring: DecisionRing,
): AnswerDesk {
    val own = config.ids.nextBytes(SECRET_BYTES)
    val namespaces = Namespaces { config.replaySecret() ?: own }
    val settings = config.policy.cache
    val versionOf = { name: String -> encoders.status()[name]?.version }
    val desk = AnswerDesk(
        settings.bytesMax,
        config.vectors,
        config.sharedCache,
        namespaces,
        versionOf,
        config.clock,
        config.random,
        events,
        ring,
    )
    metrics.gauge("router.cache.entries", "Answers that are kept for equal requests") { desk.equalCount.toDouble() }
    return desk
}

private const val SECRET_BYTES = 32
