package routercluster.gateway

import routercluster.gateway.feedback.addOutcomes
import routercluster.gateway.feedback.addSink
import routercluster.gateway.pipeline.ConversationNotes
import routercluster.policy.conversations.Conversations
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.RecordSink
import routercluster.telemetry.PrometheusEvents

internal fun addGauges(metrics: PrometheusEvents, keeper: PolicyKeeper, outcomes: Outcomes, sink: RecordSink?) {
    metrics.gauge("router.upstreams.fit", "Upstreams that take requests") { keeper.snapshot().fitUpstreams().toDouble() }
    metrics.addOutcomes(outcomes)
    sink?.let { metrics.addSink(it) }
}

internal fun notes(conversations: Conversations, metrics: PrometheusEvents): ConversationNotes {
    val notes = ConversationNotes(conversations)
    metrics.gauge("router.conversation.notes.lost", "Turns of chat conversations that were not noted") { notes.lost.toDouble() }
    return notes
}
