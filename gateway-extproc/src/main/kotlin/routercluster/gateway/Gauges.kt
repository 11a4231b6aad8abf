package routercluster.gateway

import routercluster.gateway.feedback.addOutcomes
import routercluster.gateway.feedback.addSink
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.RecordSink
import routercluster.telemetry.PrometheusEvents

internal fun addGauges(metrics: PrometheusEvents, keeper: PolicyKeeper, outcomes: Outcomes, sink: RecordSink?) {
    metrics.gauge("router.upstreams.fit", "Upstreams that take requests") { keeper.snapshot().fitUpstreams().toDouble() }
    metrics.addOutcomes(outcomes)
    sink?.let { metrics.addSink(it) }
}
