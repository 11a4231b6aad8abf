package routercluster.gateway.cache

import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderPool
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.Events
import routercluster.telemetry.PrometheusEvents

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
    val desk = AnswerDesk(config.policy.cache, config.vectors, namespaces, versionOf, config.clock, config.random, events, ring)
    metrics.gauge("router.cache.entries", "Answers that are kept for equal requests") { desk.equalCount.toDouble() }
    return desk
}

private const val SECRET_BYTES = 32
