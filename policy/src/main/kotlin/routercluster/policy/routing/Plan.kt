package routercluster.policy.routing

import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.cache.CacheSettings
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.Verdict
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.NO_FIGURES
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.request.Facts
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.Traits
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef

/**
 * What to do with one request, and why. Made by a pure function; doing it is the doors' work.
 *
 * @property policy the snapshot that the request began with
 * @property recipe null for a concrete model that was asked for by name
 * @property readings every signal that was read, in the order of reading
 * @property verdicts per decision of the recipe, in the order of the file; empty for a concrete model
 * @property seed of the chance that the selector was given, so that a replay draws the same
 * @property calls what was asked of encoders, in order
 * @property measured what the selector went by, so that a replay goes by the same
 * @property traits what it knew of the request, as records keep it
 * @property vector of the newest user message, of unit length, and [category] its topic, where the decision's cache goes by them and an encoder
 *   told; never recorded
 */
class Plan(
    val policy: Policy,
    val asked: ModelName,
    val recipe: String?,
    val decision: Decision?,
    val confidence: Double,
    val action: Action,
    val readings: List<Pair<SignalRef, Reading>>,
    val verdicts: List<Verdict>,
    val facts: Facts?,
    val seed: Int = 0,
    val calls: List<EncodeCall> = emptyList(),
    val measured: Figures = NO_FIGURES,
    val traits: Traits = Traits.NONE,
    val vector: FloatArray? = null,
    val category: String? = null,
) : Planning {
    /** What the decision keeps of its answers; null where it keeps none. */
    val cache: CacheSettings? get() = decision?.cache

    /** Where what comes of it is counted. */
    val key: SelectionKey get() = SelectionKey(recipe.orEmpty(), decision?.name.orEmpty())
}

sealed interface Action {
    /** Send to the first of [ranked]; the others are fall-backs in order. Never empty. */
    data class Forward(val ranked: List<Ranked>) : Action {
        val first: Candidate get() = ranked.first().candidate
    }

    /** Answer with [message] without calling a model. */
    data class Answer(val message: String) : Action

    /** Refuse. [status] is an HTTP status; [code] is stable and for programs, [message] is for people. */
    data class Refuse(val status: Int, val code: String, val message: String) : Action
}
