package routercluster.gateway.cache

import routercluster.policy.cache.KeptAnswer
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent

/**
 * Takes an answer back that somebody finds bad: it is not given again, and where it was given to a request that was alike, that hit was
 * wrong. Only what counts as feedback is heard, so one identity has no more weight here than with selectors. Praise changes nothing: whoever
 * wants a wrong answer to stay could give it.
 */
internal class AnswerVerdicts(
    private val equal: EqualAnswers,
    private val shared: SharedTier?,
    private val alike: AlikeAnswers?,
    private val learnt: LearntHits,
    private val ring: DecisionRing,
    private val events: Events,
) {
    /**
     * From now on what is said of the answer to [requestId] is heard: it is [kept] by [id].
     *
     * @param evidence what a hit was ruled by; null where it was none, or none that is learnt from
     */
    fun listen(requestId: String, id: String, kept: KeptAnswer, evidence: Evidence? = null) {
        val decision = kept.decision
        val keptAt = kept.keptAt
        val namespace = kept.namespace
        ring.whenJudged(requestId) { sums ->
            if (isBad(sums)) {
                equal.remove(id, keptAt)
                shared?.remove(id, keptAt, decision)
                if (namespace != null) alike?.remove(namespace, id, keptAt)
                if (evidence != null) learnt.looked(evidence, isRight = false)
                events.publish(RouterEvent.AnswerJudged(decision, TAKEN_BACK))
            }
        }
    }

    private fun isBad(sums: VerdictSums) = 2 * sums.bad > sums.weight

    private companion object {
        const val TAKEN_BACK = "taken_back"
    }
}
