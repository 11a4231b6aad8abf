package routercluster.gateway.cache

import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderPool
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.LearntStore
import routercluster.policy.cache.SharedAnswers
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.Events
import routercluster.telemetry.PrometheusEvents

/**
 * What answers that are given again need from outside of a gateway.
 *
 * @property answers opens the exact tier that nodes share; null where each has its own alone
 * @property flights of equal requests of all nodes; null for a node that is alone
 * @property learnt where what is learnt of hits outlives the process; null where it does not
 */
class CacheParts(
    val answers: (() -> SharedAnswers)? = null,
    val flights: AnswerFlights? = null,
    val learnt: LearntStore? = null,
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
    val namespaces = Namespaces { config.replaySecret() ?: own }
    val versionOf = { name: String -> encoders.status()[name]?.version }
    val desk = AnswerDesk(
        config.policy.cache,
        config.vectors,
        config.cacheParts,
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
