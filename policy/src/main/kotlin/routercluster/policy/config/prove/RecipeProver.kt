package routercluster.policy.config.prove

import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.DEFAULT_ALGORITHM
import routercluster.policy.config.raw.RawAlgorithm
import routercluster.policy.config.raw.RawDecision
import routercluster.policy.config.raw.RawModelRef
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.decisions.ConfidenceSemantics
import routercluster.policy.decisions.Rule
import routercluster.policy.models.Model
import routercluster.policy.selectors.Selector
import routercluster.policy.signals.Composed
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.NamesKnowledgeBase
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalFamily
import routercluster.policy.signals.sharingSearches

/** Proves recipes over shared [models]; names of signals and decisions are each recipe's own. */
internal class RecipeProver(
    private val models: Map<String, Model>,
    private val families: List<SignalFamily>,
    private val catalog: Catalog,
    private val semantics: ConfidenceSemantics,
    private val learnt: LearntProver,
    private val experiments: ExperimentProver,
    private val problems: Problems,
) {
    private val credentialHeaders =
        models.values.flatMap { it.upstreams }.mapNotNullTo(mutableSetOf()) { it.credential?.header }

    /**
     * @param fallback the strategy where the recipe names none
     * @return null where there are problems, here or before
     */
    fun prove(name: String, raw: RawRouting, fallback: Strategy): Recipe? {
        val own = if (name == Policy.DEFAULT_RECIPE) catalog else catalog.within(name)
        val proven = sharingSearches(linked(raw.signals.map { it.raw.prove(own, problems) }))
        val signals = signalScope(raw, proven)
        val prover = ProjectionProver(raw.projections, metricsOf(raw, signals), problems)
        val withMembers = signals.with(members = prover.members(signals))
        val withComposers = withMembers.with(composers = composers(raw, withMembers))
        val projected = prover.prove(withComposers)
        val scope = withComposers.with(outputs = projected.outputs)
        refuseDuplicates(raw.decisions.map { it.name }, "decision", problems)
        val decisions = raw.decisions.map { decision(it, scope) }
        if (!problems.none) return null
        return Recipe(
            name,
            raw.strategy ?: fallback,
            proven.filterNotNull(),
            decisions,
            catalog,
            projected.projections,
            semantics,
            scope.composers.orEmpty(),
        )
    }

    /** Learned signals of one family get to know one another. */
    private fun linked(proven: List<Signal?>): List<Signal?> {
        val families = proven.filterIsInstance<LearnedSignal>().groupBy { it.ref.type }
        return proven.map { if (it is LearnedSignal) it.among(families.getValue(it.ref.type)) else it }
    }

    private fun signalScope(raw: RawRouting, proven: List<Signal?>): SignalScope {
        val named = raw.signals.groupBy { it.type }
        named.forEach { (type, ofType) -> refuseDuplicates(ofType.map { Text(it.raw.name, it.raw.at) }, "signal of type $type", problems) }
        val runnable = raw.signals.zip(proven).mapNotNull { (written, signal) -> signal?.let { written to it } }
        val types = families.mapTo(mutableSetOf()) { it.type }
        val names = named.mapValues { (_, ofType) -> ofType.mapTo(mutableSetOf()) { it.raw.name } }
        val signals =
            runnable.withIndex().associate { (index, pair) ->
                val (written, signal) = pair
                (written.type to written.raw.name) to ScopedSignal(index, signal, (written.raw as? Composed)?.composer != null)
            }
        return SignalScope(types, names, signals)
    }

    /** Per knowledge base, a signal whose labels are its metrics. */
    private fun metricsOf(raw: RawRouting, scope: SignalScope): Map<String, ScopedSignal> =
        raw.signals
            .reversed()
            .mapNotNull { written ->
                val base = (written.raw as? NamesKnowledgeBase)?.knowledgeBase?.value
                val signal = scope.signals[written.type to written.raw.name]
                if (base == null || signal == null) null else base to signal
            }.toMap()

    /** All are proven, also those of signals that no condition names. */
    private fun composers(raw: RawRouting, scope: SignalScope): Map<Int, Rule> {
        val composers = mutableMapOf<Int, Rule>()
        for (written in raw.signals) {
            val rule = (written.raw as? Composed)?.composer?.let { proveRule(it, scope, problems) } ?: continue
            scope.signals[written.type to written.raw.name]?.let { composers[it.index] = rule }
        }
        return composers
    }

    private fun decision(raw: RawDecision, scope: SignalScope): Decision {
        refuseDuplicates(raw.modelRefs.map(::candidateName), "candidate", problems)
        raw.iterated.forEach(::iterated)
        val candidates = raw.modelRefs.mapNotNull(::candidate)
        val (algorithm, selector) = chosenBy(raw.algorithm, candidates)
        return Decision(
            raw.name.value,
            raw.description,
            raw.priority ?: 0,
            raw.tier ?: 0,
            raw.rule?.let { proveRule(it, scope, problems) } ?: ALWAYS,
            candidates,
            algorithm,
            experiments.split(raw.name.value, selector, candidates) { arm, own -> chosenBy(arm, own).second },
            provePlugins(raw.plugins, credentialHeaders, catalog, problems),
            raw.annotations,
            raw.written,
        )
    }

    /** The algorithm that acts, and its selector for [candidates]. */
    private fun chosenBy(raw: RawAlgorithm, candidates: List<Candidate>): Pair<String, Selector> {
        val learntOne = raw.learnt?.let { of -> learnt.prove(of, candidates, catalog)?.let(of.wrapping) }
        raw.adviser?.let { unknownName(it, "unknown model", models.keys, problems) }
        val standsIn = raw.learnt != null && learntOne == null
        return (if (standsIn) DEFAULT_ALGORITHM else raw.type) to bound(learntOne ?: raw.selector, raw.at, candidates)
    }

    /** What it needs of encoders must be there to be asked. */
    private fun bound(selector: Selector, written: Location?, candidates: List<Candidate>): Selector {
        val slots = selector.needs.mapNotNull { it.slot }
        written?.let { at -> slots.forEach { catalog.headFor(it, at, problems) } }
        return selector.bound(candidates, catalog)
    }

    private fun candidateName(raw: RawModelRef): Text =
        if (raw.lora == null) raw.model else raw.model.copy(value = "${raw.model.value} with ${raw.lora.value}")

    /** Nothing is sent by it, so an adapter that its card does not list does no harm: the seed's own reference file names such a one. */
    private fun iterated(raw: RawModelRef) {
        unknownName(raw.model, "unknown model", models.keys, problems)
        val model = models[raw.model.value] ?: return
        raw.lora?.let { if (it.value !in model.card.loras) problems.notice(it.at, "is no LoRA adapter of ${model.name}", it.value) }
    }

    private fun candidate(raw: RawModelRef): Candidate? {
        unknownName(raw.model, "unknown model", models.keys, problems)
        val model = models[raw.model.value] ?: return null
        raw.lora?.let { unknownName(it, "unknown LoRA adapter of ${model.name}", model.card.loras, problems) }
        return Candidate(model, raw.weight ?: 1.0, raw.reasoning, raw.effort, raw.lora?.value)
    }

    private companion object {
        /** What a decision without rules has. */
        val ALWAYS = Rule.And(emptyList())
    }
}
