package routercluster.policy.record

import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.Evidence
import routercluster.policy.decisions.Truth
import routercluster.policy.decisions.explain
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.NO_FIGURES
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.projections.ProjectionTrace
import routercluster.policy.request.Facts
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.label
import routercluster.policy.selectors.labelOf
import routercluster.policy.selectors.propensities
import routercluster.policy.selectors.said
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Instant

/**
 * Why one request went where it went: enough to show it and to decide it again, and nothing of what the prompt said.
 * Reasons are put into words on first use, since few records are ever looked at.
 *
 * @property revision of the policy that decided
 * @property asked the request's `model` string
 * @property recipe null for a concrete model and for a refused name
 * @property decision null where none matched
 * @property confidence 0..1, of [decision]
 * @property seed of the chance that the selector was given
 * @property signals every signal that was read, in the order of reading
 * @property calls what was asked of encoders, in order
 * @property projections what partitions, scores and mappings came to
 * @property decisions in the order of the file
 * @property candidates in the order in which they are tried
 * @property measured what the selector went by, of models that it looked at
 * @property traits what the selector needed to know of the request, without the embedding
 * @property propensities the chance of each candidate to be picked, 0..1 and together 1, by label; null where no selector picked or that is not
 *   known. Worked out on first use, which may take milliseconds
 * @property usage null until the answer has ended, and for one that is billed nothing
 * @property end null until the answer has ended
 * @property verdicts what was said of the model that answered, as far as this record's node was told
 * @property conversation that the request is of, see [routercluster.policy.conversations.conversationOf]; null where that is not known
 */
class DecisionRecord internal constructor(
    val id: String,
    val time: Instant,
    val revision: String,
    val asked: String,
    val recipe: String?,
    val decision: String?,
    val confidence: Double,
    val seed: Int,
    val action: ActionNote,
    val request: RequestShape?,
    val signals: List<SignalNote>,
    val calls: List<EncodeCall>,
    projections: Lazy<ProjectionTrace>,
    decisions: Lazy<List<DecisionNote>>,
    candidates: Lazy<List<CandidateNote>>,
    usage: UsageNote? = null,
    val measured: Figures = NO_FIGURES,
    val traits: Traits = Traits.NONE,
    served: String? = null,
    val conversation: String? = null,
    end: EndNote? = null,
    verdicts: VerdictSums = VerdictSums.NONE,
    propensities: Lazy<Map<String, Double>?> = lazyOf(null),
) {
    val projections: ProjectionTrace by projections
    val decisions: List<DecisionNote> by decisions
    val candidates: List<CandidateNote> by candidates
    val propensities: Map<String, Double>? by propensities

    /** The label of the candidate that was picked; null where none was. */
    val picked: String? get() = candidates.firstOrNull()?.label

    @Volatile var usage: UsageNote? = usage
        private set

    /** The model that answered; null until the answer has ended, and where none did. */
    @Volatile var served: String? = served
        private set

    @Volatile var end: EndNote? = end
        private set

    @Volatile var verdicts: VerdictSums = verdicts
        private set

    /** The answer of the model [served] has come to its [end] and is billed [usage]. */
    fun ended(usage: UsageNote?, served: String?, end: EndNote) {
        this.usage = usage
        this.served = served
        this.end = end
    }

    /** Somebody said [sums] of the model that answered. */
    @Synchronized
    fun judged(sums: VerdictSums) {
        verdicts += sums
    }

    companion object {
        /** The record of [plan]. It keeps the plan's policy, but neither its facts nor any text of them. */
        fun of(id: String, time: Instant, plan: Plan, conversation: String? = null): DecisionRecord {
            val action = plan.action
            val recipe = plan.recipe?.let { plan.policy.recipes[it] }
            val readings = plan.readings
            val evidence = recipe?.let { evidence(readings.toMap(), it.signals.map { signal -> signal.ref }) }
            return DecisionRecord(
                id = id,
                time = time,
                revision = plan.policy.revision,
                asked = plan.asked.written,
                recipe = plan.recipe,
                decision = plan.decision?.name,
                confidence = plan.confidence,
                seed = plan.seed,
                action = ActionNote.of(action),
                request = plan.facts?.let(RequestShape::of),
                signals = readings.map { (ref, reading) -> SignalNote(ref, reading) },
                calls = plan.calls,
                projections =
                    lazy(LazyThreadSafetyMode.PUBLICATION) { evidence?.let(recipe.engine::trace) ?: ProjectionTrace.NONE },
                decisions =
                    lazy(LazyThreadSafetyMode.PUBLICATION) {
                        evidence?.let { explain(recipe, it) }.orEmpty().map {
                            DecisionNote(it.verdict.decision, it.verdict.truth, it.verdict.confidence, it.reason, it.picked)
                        }
                    },
                candidates = lazy(LazyThreadSafetyMode.PUBLICATION) { candidateNotes(action) },
                measured = plan.measured,
                traits = plan.traits,
                conversation = conversation,
                propensities = lazy(LazyThreadSafetyMode.PUBLICATION) { propensities(plan) },
            )
        }

        private fun propensities(plan: Plan): Map<String, Double>? {
            val ranked = (plan.action as? Action.Forward)?.ranked ?: return null
            said(ranked)?.let { return it }
            ranked.singleOrNull()?.let { return mapOf(it.candidate.label to 1.0) }
            val decision = plan.decision ?: return null
            return decision.selector.propensities(decision.candidates, plan.measured, plan.traits)
        }

        private fun candidateNotes(action: Action): List<CandidateNote> {
            if (action !is Action.Forward) return emptyList()
            val first = action.ranked.first()
            return action.ranked.mapIndexed { index, it ->
                val notTaken = if (index == 0) null else "ranked behind ${first.candidate.model.name}: fall-back $index"
                CandidateNote(it.candidate.model.name, it.candidate.lora, it.score, it.reason, notTaken, it.propensity, it.parts)
            }
        }
    }
}

/** [readings] as evidence over the signals [refs]. */
internal fun evidence(readings: Map<SignalRef, Reading>, refs: List<SignalRef>) = Evidence(refs.map(readings::get))

/** What was done. [model], [status], [code] and [message] are set where the kind has them. */
data class ActionNote(
    val kind: Kind,
    val model: String? = null,
    val status: Int? = null,
    val code: String? = null,
    val message: String? = null,
) {
    enum class Kind { FORWARD, ANSWER, REFUSE }

    companion object {
        fun of(action: Action): ActionNote =
            when (action) {
                is Action.Forward -> ActionNote(Kind.FORWARD, model = action.first.model.name)
                is Action.Answer -> ActionNote(Kind.ANSWER, message = action.message)
                is Action.Refuse -> ActionNote(Kind.REFUSE, status = action.status, code = action.code, message = action.message)
            }
    }
}

/** A signal that was read. */
data class SignalNote(val ref: SignalRef, val reading: Reading)

/**
 * Where a decision stood.
 *
 * @property reason why it matched, why not, or what was left open, in words; for a match that lost, also to whom
 */
data class DecisionNote(val name: String, val truth: Truth, val confidence: Double, val reason: String, val picked: Boolean)

/**
 * A candidate in its place.
 *
 * @property notTaken why not, in words; null for the one that was picked
 * @property propensity chance with which it would have been picked, 0..1; null where that is not known
 * @property parts what the score is made of, by name
 */
data class CandidateNote(
    val model: String,
    val lora: String?,
    val score: Double,
    val reason: String,
    val notTaken: String?,
    val propensity: Double? = null,
    val parts: Map<String, Double> = emptyMap(),
) {
    /** What it goes by in [DecisionRecord.propensities]. */
    val label: String get() = labelOf(model, lora)
}

/**
 * What an answer is billed, together with the attempts at it that nobody waited for.
 *
 * @property estimated whether the token counts are at least in part our estimate and not the upstream's word
 * @property cost in [currency]; null where the policy gives no price
 * @property costEstimated the part of [cost] that rests on estimates
 */
data class UsageNote(
    val promptTokens: Long?,
    val completionTokens: Long?,
    val cachedTokens: Long?,
    val estimated: Boolean,
    val cost: Double?,
    val costEstimated: Double,
    val currency: String?,
)

/** How large a request was. Lengths are in UTF-16 units. */
data class RequestShape(
    val messages: Int,
    val images: Int,
    val tools: Int,
    val metadataEntries: Int,
    val textLength: Long,
    val userTextLength: Int,
    val isIdentified: Boolean,
) {
    companion object {
        fun of(facts: Facts) =
            RequestShape(
                messages = facts.messages.size,
                images = facts.messages.sumOf { it.imageCount },
                tools = facts.toolCount,
                metadataEntries = facts.metadata.size,
                textLength = facts.messages.sumOf { it.text.length.toLong() },
                userTextLength = facts.userText.length,
                isIdentified = facts.identity.user != null,
            )
    }
}
