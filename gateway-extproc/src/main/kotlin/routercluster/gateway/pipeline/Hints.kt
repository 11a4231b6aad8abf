package routercluster.gateway.pipeline

import routercluster.policy.answer.AnswerForm
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Hint
import routercluster.policy.outcomes.HintKind
import routercluster.policy.outcomes.LastTurn
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.Voice
import routercluster.policy.outcomes.askedDigest
import routercluster.policy.outcomes.hints
import routercluster.policy.routing.Plan
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Clock

/**
 * Tells selection what answers and the requests that follow them let on, of the kinds that the policy counts. The answer before a request
 * is known where this node gave it, so with several nodes and no stickiness some hints are missed. As feedback is, they are bounded: of
 * one caller and model in one decision this node counts so much a day as verdicts of one identity may count. Safe for use by many threads.
 */
class Hints(private val events: Events, private val clock: Clock) {
    private val turns = newestOf<TurnKey, LastTurn>(TURNS_MAX)
    private val voices = newestOf<Voice, Long>(VOICES_MAX)

    private data class TurnKey(val caller: String, val tenant: String, val conversation: String)

    /** The request was decided: what it lets on of the answer before it, once. */
    fun routed(journey: Journey, plan: Plan) {
        val enabled = plan.policy.gateway.hints
        if (enabled.none { it in ofNextTurn }) return
        val facts = plan.facts?.takeIf { plan.recipe != null } ?: return
        val key = keyOf(journey) ?: return
        val asked = askedDigest(facts)
        journey.asked = asked
        val last = synchronized(turns) { turns.remove(key) } ?: return
        last.hints(asked, plan.readings, clock.instant()).filter { it.kind in enabled }.forEach { tell(journey, last.key, last.model, it) }
    }

    /** [model] has answered to the end, in the form [form]. */
    fun answered(journey: Journey, plan: Plan, model: String, form: AnswerForm) {
        val enabled = plan.policy.gateway.hints
        val forms = listOf(
            HintKind.TOOL_CALLS to form.toolCalls,
            HintKind.STRUCTURED_OUTPUT to form.json,
            HintKind.JSON_SCHEMA to form.schema,
        )
        forms.forEach { (kind, isGood) -> if (isGood != null && kind in enabled) tell(journey, plan.key, model, Hint(kind, isGood)) }
        val asked = journey.asked ?: return
        val key = keyOf(journey) ?: return
        synchronized(turns) { turns[key] = LastTurn(plan.key, model, asked, clock.instant()) }
    }

    private fun keyOf(journey: Journey): TurnKey? {
        val conversation = journey.conversation ?: return null
        return TurnKey(journey.caller.identity, journey.snapshot.edge.tenant(journey.headers, journey.peer), conversation.id)
    }

    private fun tell(journey: Journey, key: SelectionKey, model: String, hint: Hint) {
        val now = clock.instant()
        val voice = Voice(DecisionStatistics.verdictSlices(now).last, journey.caller.identity, "${key.recipe}/${key.decision}/$model")
        val weightMax = journey.snapshot.policy.gateway.feedbackPerIdentityMax * VerdictSums.WHOLE
        val counts = synchronized(voices) {
            val sum = (voices.remove(voice) ?: 0) + hint.kind.weight
            voices[voice] = minOf(sum, weightMax)
            sum <= weightMax
        }
        if (counts) journey.outcomes.hinted(key, model, hint.sums, now)
        events.publish(RouterEvent.Hinted(hint.kind, hint.isGood, counts))
    }

    private companion object {
        /** Answers that may still have a next turn; of more, the oldest are forgotten. */
        const val TURNS_MAX = 16_384
        const val VOICES_MAX = 16_384
        val ofNextTurn = setOf(HintKind.RETRIES, HintKind.REASKS, HintKind.USER_FEEDBACK)

        /** A map of the [sizeMax] entries that were put in last. */
        fun <K, V> newestOf(sizeMax: Int): LinkedHashMap<K, V> =
            object : LinkedHashMap<K, V>() {
                override fun removeEldestEntry(eldest: MutableMap.MutableEntry<K, V>) = size > sizeMax
            }
    }
}
