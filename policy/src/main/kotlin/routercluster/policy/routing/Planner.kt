package routercluster.policy.routing

import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.Evaluation
import routercluster.policy.Policy
import routercluster.policy.decisions.EncodeCall
import routercluster.policy.decisions.Ruling
import routercluster.policy.encode.PassageResult
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.Seen
import routercluster.policy.plugins.Plugin
import routercluster.policy.request.Facts
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.selectors.Sight
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.traits
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
 * Plans one request. Pure but for [random]; the same seed gives the same plan. Learned signals fail, and selectors go without what encoders
 * would tell: see [begin].
 *
 * @param everything reads every signal rather than as few as decide the matter; the plan's action is the same
 * @param measured what selectors go by
 * @param session the conversation that the request goes on with; null where nothing is known of it
 * @param unit what experiments split by, see [routercluster.policy.selectors.unitOf]; null where nobody knows
 * @param user whose verdicts a personal selector goes by; null where nobody knows
 * @param moneyLeft of the caller's limits of money, in the policy's currency; null where nobody knows
 */
fun Policy.plan(
    target: Target,
    facts: Facts,
    random: Random,
    everything: Boolean = false,
    measured: MeasuredOf = NOTHING_MEASURED,
    session: SessionFacts? = null,
    unit: String? = null,
    user: String? = null,
    moneyLeft: Double? = null,
): Plan =
    when (target) {
        is Target.Unknown -> {
            undecided(target, facts, target.refusal)
        }

        is Target.Concrete -> {
            undecided(target, facts, Action.Forward(listOf(Ranked(Candidate(target.model), 1.0, target.reason, propensity = 1.0))))
        }

        is Target.Routed -> {
            val engine = target.recipe.engine
            val selection = Selection(this, target, facts, random.nextInt(), measured, session, unit, user, moneyLeft)
            val all = everything || readsEverything(target)
            selection.closed(if (all) engine.decideFully(facts) else engine.decide(facts), sight = null)
        }
    }

/**
 * As [plan], but what learned signals and selectors need is asked of encoders. Where nothing has to be asked the plan is there at once.
 *
 * @param also places of signals of the recipe that are read too
 */
fun Policy.begin(
    target: Target,
    facts: Facts,
    random: Random,
    everything: Boolean = false,
    measured: MeasuredOf = NOTHING_MEASURED,
    also: Set<Int> = emptySet(),
    session: SessionFacts? = null,
    unit: String? = null,
    user: String? = null,
    moneyLeft: Double? = null,
): Planning {
    val recipe = (target as? Target.Routed)?.recipe
    if (recipe == null || (!recipe.isLearned && also.isEmpty())) {
        return plan(target, facts, random, everything, measured, session, unit, user, moneyLeft)
    }
    val selection = Selection(this, target, facts, random.nextInt(), measured, session, unit, user, moneyLeft)
    val all = everything || readsEverything(target)
    return planning(if (all) recipe.engine.beginFully(facts) else recipe.engine.begin(facts, also), selection::begin)
}

/** Whether selectors that the request may come to go by what came before in its conversation. */
fun Target.wantsSession(): Boolean = this is Target.Routed && recipe.sights.wantsSession

/** Whether selectors that the request may come to go by what its caller may still spend. */
fun Target.wantsBudget(): Boolean = this is Target.Routed && recipe.sights.wantsBudget

/** Whether the policy or the request's model name asks for every signal. */
private fun Policy.readsEverything(target: Target) = gateway.evaluation == Evaluation.ALL || target.name.allSignals

/** What comes after the ruling on one request, until it is a plan. */
private class Selection(
    private val policy: Policy,
    private val target: Target.Routed,
    private val facts: Facts,
    private val seed: Int,
    private val measured: MeasuredOf,
    private val session: SessionFacts?,
    private val unit: String?,
    private val user: String?,
    private val moneyLeft: Double?,
) {
    private val sights = target.recipe.sights

    /** Asks what the selector of the winner still needs. */
    fun begin(ruling: Ruling): Planning {
        val decision = ruling.decision?.takeUnless { ruling.isBlocked } ?: return closed(ruling, ruling.sight)
        val seen = ruling.sight
        val selecting = sights.selecting(decision, seen, session, facts)
        if (selecting == null) {
            val unread = sights.asked(decision) - seen?.needs.orEmpty()
            return select(ruling, if (unread.isEmpty()) seen else sights.blind(unread, "there is no text to read"), ruling.calls)
        }
        val advisers = selecting.advices.associate { it.ref to it.model }
        val read = { results: List<PassageResult> -> sights.read(selecting, results, facts) }
        return OpenSelection(selecting.request, advisers, read, { sights.blind(selecting, it) }) { sight, call ->
            select(ruling, if (seen == null) sight else sight.with(seen), ruling.calls + call)
        }
    }

    /** Selects by what is known, and looks twice where the selector would go by the halves of the text. */
    private fun select(ruling: Ruling, sight: Sight?, calls: List<EncodeCall>): Planning {
        val decision = ruling.decision
        val figures = measuredOf(decision)
        val traits = traitsOf(ruling, sight)
        val plan = closed(ruling, sight, calls, figures, traits)
        if (decision == null || sight?.embedding == null || !traits.halvesWantedInVain) return plan
        val request = sights.halving(decision, facts) ?: return closed(ruling, sight.with(null, "the text has one half"), calls, figures)
        val read = { results: List<PassageResult> -> sight.with(sights.halves(decision, results)) }
        return OpenSelection(request, emptyMap(), read, { sight.with(null, it) }) { looked, call ->
            // What a selector has made of the whole it need not make again.
            closed(ruling, looked, calls + call, figures, traitsOf(ruling, looked, traits.noted))
        }
    }

    private fun traitsOf(ruling: Ruling, sight: Sight?, noted: Map<String, Map<String, Double>> = emptyMap()) =
        traits(needs(ruling), facts, session, sight, unit, user, moneyLeft, noted)

    private fun measuredOf(decision: Decision?): Measured = decision?.let { measured(target.recipe.name, it.name) } ?: Measured.NONE

    fun closed(
        ruling: Ruling,
        sight: Sight?,
        calls: List<EncodeCall> = ruling.calls,
        figures: Measured = measuredOf(ruling.decision),
        traits: Traits = traitsOf(ruling, sight),
    ): Plan {
        val decision = ruling.decision
        val seen = Seen(figures)
        val action = policy.action(ruling, seed, seen, traits)
        return Plan(
            policy = policy,
            asked = target.name,
            recipe = target.recipe.name,
            decision = decision,
            confidence = ruling.confidence,
            action = action,
            readings = ruling.readings,
            verdicts = ruling.verdicts,
            facts = facts,
            seed = seed,
            calls = calls,
            measured = seen.figures,
            traits = traits.recorded(),
            vector = sight?.takeIf { cacheNeeds(ruling).isNotEmpty() }?.embedding,
            category = sight
                ?.takeIf { cacheNeeds(ruling).isNotEmpty() }
                ?.domains
                ?.maxByOrNull { it.value }
                ?.key,
        )
    }

    private fun cacheNeeds(ruling: Ruling): Set<Need> = ruling.decision
        ?.takeUnless { ruling.isBlocked }
        ?.let(sights::cacheNeeds)
        .orEmpty()

    private fun needs(ruling: Ruling): Set<Need> = ruling.decision
        ?.takeUnless { ruling.isBlocked }
        ?.let(sights::needs)
        .orEmpty()
}

private fun Policy.undecided(target: Target, facts: Facts, action: Action) =
    Plan(this, target.name, null, null, 0.0, action, emptyList(), emptyList(), facts)

/** What [ruling] comes to; [seed] settles what the selector leaves to chance, [measured] and [traits] are what it goes by. */
internal fun Policy.action(ruling: Ruling, seed: Int, measured: Measured, traits: Traits): Action {
    val default = Candidate(defaultModel)
    val decision =
        ruling.decision ?: return Action.Forward(listOf(Ranked(default, 1.0, "default model: no decision matched", propensity = 1.0)))
    if (ruling.isBlocked) return refusal(decision, ruling.blockers)
    decision.plugins.firstNotNullOfOrNull { it as? Plugin.FastResponse }?.let { return Action.Answer(it.message) }
    val context = SelectionContext(Random(seed), measured, traits)
    val ranked = decision.selector.rank(decision.candidates.ifEmpty { listOf(default) }, context)
    return if (ranked.first().isBarred) barred(decision, ranked) else Action.Forward(ranked)
}

private fun barred(decision: Decision, ranked: List<Ranked>): Action.Refuse {
    val reasons = ranked.joinToString("; ") { "${it.candidate.model.name}: ${it.reason}" }
    return Action.Refuse(503, "no_candidate", "The decision ${decision.name} has no model that it may pick now. $reasons")
}

private fun refusal(decision: Decision, blockers: List<SignalRef>): Action.Refuse {
    if (blockers.any { it.type == AUTHZ }) {
        val message = "The decision ${decision.name} needs to know who asks, and the request names nobody."
        return Action.Refuse(403, "identity_required", message)
    }
    val message = "The decision ${decision.name} needs the signal ${blockers.joinToString(" and ")}, which could not be read."
    return Action.Refuse(403, "signal_unavailable", message)
}
