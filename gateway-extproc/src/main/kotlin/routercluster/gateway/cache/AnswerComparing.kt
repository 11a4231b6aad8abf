package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.policy.cache.AnswerJudge
import routercluster.policy.cache.CacheSettings
import routercluster.policy.catalog.NamedHead
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.routing.Plan
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.util.concurrent.atomic.AtomicInteger

/** Has judges say whether an entry's answer would have been right, and learns from it. */
internal class AnswerComparing(private val learnt: LearntHits, private val events: Events) {
    private val judging = AtomicInteger()

    /** Has the judge compare the candidate's answer with the [fresh] one. Nobody waits for it; beyond a bound nothing is compared. */
    fun compare(journey: Journey, plan: Plan, settings: CacheSettings, candidate: Candidate, fresh: String) {
        val judge = settings.bounded?.judge ?: return
        val encoder = journey.snapshot.encoder ?: return
        if (judging.incrementAndGet() > JUDGING_MAX || !journey.snapshot.retain()) {
            judging.decrementAndGet()
            return events.publish(RouterEvent.AnswerJudged(candidate.alike.kept.decision, "not_asked"))
        }
        val passage = AnswerJudge.passage(
            judge,
            journey.cache
                ?.facts
                ?.userText
                .orEmpty(),
            candidate.alike.kept.answer.text,
            fresh,
        )
        val timeout = plan.policy.catalog.timeoutOf(listOf(NamedHead(judge.ref, judge.head)))
        encoder.encode(EncodeRequest(listOf(passage), timeout)).whenComplete { reply, _ ->
            journey.snapshot.release()
            judging.decrementAndGet()
            val isRight = reply?.results?.singleOrNull()?.let { AnswerJudge.verdict(judge, it.heads[judge.ref]) }
            if (isRight != null) learnt.looked(candidate.evidence, isRight)
            val outcome = if (isRight == null) {
                "no_verdict"
            } else if (isRight) {
                "right"
            } else {
                "wrong"
            }
            events.publish(RouterEvent.AnswerJudged(candidate.alike.kept.decision, outcome))
        }
    }

    private companion object {
        /** Comparisons that judges are asked for at a time. */
        const val JUDGING_MAX = 64
    }
}
