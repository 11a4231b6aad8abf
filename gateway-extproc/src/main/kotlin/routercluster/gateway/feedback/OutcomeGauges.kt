package routercluster.gateway.feedback

import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.RecordSink
import routercluster.telemetry.PrometheusEvents

/** How it stands with what is learnt, read at every scrape. */
internal fun PrometheusEvents.addOutcomes(outcomes: Outcomes) {
    gauge("router.outcomes.buffered", "Attempts whose outcome is not known to be durable yet") { outcomes.standing().buffered.toDouble() }
    gauge("router.outcomes.dropped", "Attempts since the start whose outcome counts nowhere") { outcomes.standing().dropped.toDouble() }
    gauge("router.models.frozen", "Models of decisions whose errors or bad verdicts rose") { outcomes.standing().frozen.toDouble() }
    gauge("router.selection.snapshot.age.seconds", "Time since the oldest snapshot that selection reads was last heard of") {
        outcomes.standing().snapshotAge.toNanos() / NANOS_PER_SECOND
    }
}

/** What became of the decision records that are written to a topic. */
internal fun PrometheusEvents.addSink(sink: RecordSink) {
    gauge("router.records.sent", "Decision records since the start that the topic's replicas have") { sink.sent.toDouble() }
    gauge("router.records.dropped", "Decision records since the start that found no room to wait for the topic") { sink.dropped.toDouble() }
    gauge("router.records.failed", "Decision records since the start that the topic did not take") { sink.failed.toDouble() }
}

private const val NANOS_PER_SECOND = 1e9
