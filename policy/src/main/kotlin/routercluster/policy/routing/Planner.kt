package routercluster.policy.routing

import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.Evaluation
import routercluster.policy.Policy
import routercluster.policy.decisions.Ruling
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.Seen
import routercluster.policy.plugins.Plugin
import routercluster.policy.request.Facts
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.signals.SignalRef
import kotlin.random.Random

/** The signal type that grants rights: its failure means that nobody is named. */
private const val AUTHZ = "authz"

/** What is known of the models of a decision of a recipe. */
typealias MeasuredOf = (recipe: String, decision: String) -> Measured

/** Nothing is known of any model. */
val NOTHING_MEASURED: MeasuredOf = { _, _ -> Measured.NONE }

/** Plans the request that asks for the model [name]; see [plan] of a [Target]. */
fun Policy.plan(name: ModelName, facts: Facts, random: Random, everything: Boolean = false): Plan =
    plan(target(name), facts, random, everything)

/**
 * Plans one request. Pure but for [random]; the same seed gives the same plan. Learned signals fail: see [begin].
 *
 * @param everything reads every signal rather than as few as decide the matter; the plan's action is the same
 * @param measured what selectors go by
 */
fun Policy.plan(
    target: Target,
    facts: Facts,
    random: Random,
    everything: Boolean = false,
    measured: MeasuredOf = NOTHING_MEASURED,
): Plan =
    when (target) {
        is Target.Unknown -> {
            undecided(target, facts, target.refusal)
        }

        is Target.Concrete -> {
            undecided(target, facts, Action.Forward(listOf(Ranked(Candidate(target.model), 1.0, target.reason))))
        }

        is Target.Routed -> {
            val engine = target.recipe.engine
            decided(
                target,
                facts,
                random.nextInt(),
                measured,
                if (everything ||
                    readsEverything(target)
                ) {
                    engine.decideFully(facts)
                } else {
                    engine.decide(facts)
                },
            )
        }
    }

/** As [plan], but what learned signals need is asked of encoders. Without such signals the plan is there at once. */
fun Policy.begin(
    target: Target,
    facts: Facts,
    random: Random,
    everything: Boolean = false,
    measured: MeasuredOf = NOTHING_MEASURED,
): Planning = begin(target, facts, random, everything, emptySet(), measured)

/** As [begin], but also reads the signals at the places [also] of the recipe. */
fun Policy.begin(target: Target, facts: Facts, random: Random, also: Set<Int>): Planning =
    begin(target, facts, random, everything = false, also, NOTHING_MEASURED)

private fun Policy.begin(
    target: Target,
    facts: Facts,
    random: Random,
    everything: Boolean,
    also: Set<Int>,
    measured: MeasuredOf,
): Planning {
    val engine = (target as? Target.Routed)?.recipe?.engine
    if (engine == null || (!engine.isLearned && also.isEmpty())) return plan(target, facts, random, everything, measured)
    val seed = random.nextInt()
    val all = everything || readsEverything(target)
    return OpenPlan.planning(
        if (all) engine.beginFully(facts) else engine.begin(facts, also),
    ) { decided(target, facts, seed, measured, it) }
}

/** Whether the policy or the request's model name asks for every signal. */
private fun Policy.readsEverything(target: Target) = gateway.evaluation == Evaluation.ALL || target.name.allSignals

private fun Policy.decided(target: Target.Routed, facts: Facts, seed: Int, measured: MeasuredOf, ruling: Ruling): Plan {
    val seen = Seen(ruling.decision?.let { measured(target.recipe.name, it.name) } ?: Measured.NONE)
    val action = action(ruling, seed, seen)
    return Plan(
        policy = this,
        asked = target.name,
        recipe = target.recipe.name,
        decision = ruling.decision,
        confidence = ruling.confidence,
        action = action,
        readings = ruling.readings,
        verdicts = ruling.verdicts,
        facts = facts,
        seed = seed,
        calls = ruling.calls,
        measured = seen.figures,
    )
}

private fun Policy.undecided(target: Target, facts: Facts, action: Action) =
    Plan(this, target.name, null, null, 0.0, action, emptyList(), emptyList(), facts)

/** What [ruling] comes to; [seed] settles what the selector leaves to chance, and [measured] is what it goes by. */
internal fun Policy.action(ruling: Ruling, seed: Int, measured: Measured): Action {
    val default = Candidate(defaultModel)
    val decision = ruling.decision ?: return Action.Forward(listOf(Ranked(default, 1.0, "default model: no decision matched")))
    if (ruling.isBlocked) return refusal(decision, ruling.blockers)
    decision.plugins.firstNotNullOfOrNull { it as? Plugin.FastResponse }?.let { return Action.Answer(it.message) }
    val context = SelectionContext(Random(seed), measured)
    return Action.Forward(decision.selector.rank(decision.candidates.ifEmpty { listOf(default) }, context))
}

private fun refusal(decision: Decision, blockers: List<SignalRef>): Action.Refuse {
    if (blockers.any { it.type == AUTHZ }) {
        val message = "The decision ${decision.name} needs to know who asks, and the request names nobody."
        return Action.Refuse(403, "identity_required", message)
    }
    val message = "The decision ${decision.name} needs the signal ${blockers.joinToString(" and ")}, which could not be read."
    return Action.Refuse(403, "signal_unavailable", message)
}
