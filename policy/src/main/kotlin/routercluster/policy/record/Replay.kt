package routercluster.policy.record

import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.routing.Target
import routercluster.policy.routing.action
import routercluster.policy.routing.resolve
import routercluster.policy.signals.SignalRef

/** What one policy makes of a request. */
data class Choice(val recipe: String?, val decision: String?, val action: ActionNote)

/**
 * A recorded request, decided again.
 *
 * @property before as recorded
 * @property after under the other policy; null where the record does not hold enough to know
 * @property missing signals that the record does not hold and that could change the winner, the cheapest first; or what the winner's
 *   selector needs to know of the request and the record does not hold, as of the type `selection`. Empty exactly where [after] is known
 * @property revisionBefore of the policy that it was recorded under
 * @property revisionAfter of the other policy
 */
data class Comparison(
    val before: Choice,
    val after: Choice?,
    val missing: List<SignalRef>,
    val revisionBefore: String,
    val revisionAfter: String,
) {
    /**
     * Whether both revisions are equal. Where they are not, a recorded signal is taken to read the same under the other policy as long as
     * its type and name are the same: the prompt is not there to be read again.
     */
    val isSamePolicy: Boolean get() = revisionBefore == revisionAfter

    /** Null where it cannot be known. */
    val isSame: Boolean? get() = after?.let { it == before }
}

/** Decides [record] again under [policy] from the recorded readings, with the same chance. */
fun replay(record: DecisionRecord, policy: Policy): Comparison {
    val (after, missing) =
        when (val target = policy.resolve(record.asked)) {
            is Target.Unknown -> Choice(null, null, ActionNote.of(target.refusal)) to emptyList()
            is Target.Concrete -> Choice(null, null, ActionNote(ActionNote.Kind.FORWARD, model = target.model.name)) to emptyList()
            is Target.Routed -> decideAgain(record, policy, target.recipe)
        }
    return Comparison(Choice(record.recipe, record.decision, record.action), after, missing, record.revision, policy.revision)
}

/** The type under which what selectors need stands among signals. */
private const val SELECTION = "selection"

private fun decideAgain(record: DecisionRecord, policy: Policy, recipe: Recipe): Pair<Choice?, List<SignalRef>> {
    val refs = recipe.signals.map { it.ref }
    val evidence = evidence(record.signals.associate { it.ref to it.reading }, refs)
    val ruling = recipe.engine.ruling(evidence) ?: return null to recipe.engine.needed(evidence).map(refs::get)
    val traits = record.traits.recorded()
    val action = ActionNote.of(policy.action(ruling, record.seed, record.measured, traits))
    val unrecorded = traits.unrecorded(ruling.decision?.let(recipe.sights::needs).orEmpty())
    if (unrecorded.isNotEmpty()) return null to unrecorded.map { SignalRef(SELECTION, it.key) }
    return Choice(recipe.name, ruling.decision?.name, action) to emptyList()
}
