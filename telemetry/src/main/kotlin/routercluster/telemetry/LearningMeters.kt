package routercluster.telemetry

import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.DistributionSummary
import io.micrometer.core.instrument.MeterRegistry

/** What was picked, what it cost beside what it might have, and what was said of it. Names are the policy's own. */
internal class LearningMeters(private val registry: MeterRegistry) {
    private val codes = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val currencies = BoundedLabel(PrometheusEvents.LABEL_VALUES_MAX)
    private val judgements = MeterTable(PrometheusEvents.LABEL_VALUES_MAX, OTHER, ::judgementCounter)
    private val hints = MeterTable(PrometheusEvents.SERIES_MAX, HintKey(OTHER, isGood = false, counted = false), ::hintCounter)
    private val picks = MeterTable(PrometheusEvents.SERIES_MAX, PickKey(OTHER, OTHER, OTHER, explored = false), ::pickCounter)
    private val switches = MeterTable(PrometheusEvents.SERIES_MAX, DecisionKey(OTHER, OTHER), ::switchCounter)
    private val compared = MeterTable(PrometheusEvents.SERIES_MAX, ComparedKey(OTHER, OTHER, OTHER, OTHER), ::comparedCounter)

    private val regrets = MeterTable(PrometheusEvents.SERIES_MAX, DecisionKey(OTHER, OTHER), ::regretSummary)
    private val advice = MeterTable(PrometheusEvents.SERIES_MAX, AdviceKey(OTHER, OTHER, OTHER, OTHER), ::adviceCounter)
    private val adviceCosts = MeterTable(PrometheusEvents.SERIES_MAX, AdviceCostKey(OTHER, OTHER, OTHER), ::adviceCostCounter)

    fun record(event: RouterEvent.Judged) = judgements.at(codes.of(event.outcome)).increment()

    fun record(event: RouterEvent.Hinted) = hints.at(HintKey(event.kind.key, event.isGood, event.counted)).increment()

    /** @param model the label of the one that was picked */
    fun record(event: RouterEvent.Routed, model: String) {
        val recipe = event.recipe ?: return
        if (event.model == null) return
        val decision = event.decision ?: NOTHING
        picks.at(PickKey(recipe, decision, model, event.explored)).increment()
        for ((adviser, tokens) in event.calls.flatMap { it.spent }) {
            advice.at(AdviceKey(recipe, decision, adviser, "prompt")).increment(tokens.promptTokens.toDouble())
            advice.at(AdviceKey(recipe, decision, adviser, "completion")).increment(tokens.completionTokens.toDouble())
        }
        event.regret?.let { regrets.at(DecisionKey(recipe, decision)).record(it) }
        if (event.switched) switches.at(DecisionKey(recipe, decision)).increment()
    }

    fun record(event: RouterEvent.Completed) {
        val recipe = event.recipe ?: NOTHING
        val decision = event.decision ?: NOTHING
        event.advice?.let { adviceCosts.at(AdviceCostKey(recipe, decision, currencies.of(it.currency))).increment(it.cost) }
        val costs = event.compared ?: return
        val currency = currencies.of(event.currency)
        listOf("served" to costs.served, "priciest" to costs.priciest, "default" to costs.default).forEach { (of, cost) ->
            compared.at(ComparedKey(recipe, decision, of, currency)).increment(cost)
        }
    }

    private fun judgementCounter(outcome: String): Counter =
        counter("router.feedback", "Feedbacks by what became of them", "outcome", outcome)

    private fun hintCounter(key: HintKey): Counter =
        Counter
            .builder("router.implicit.verdicts")
            .description("What answers and next requests let on of models, by kind")
            .tags("kind", key.kind, "verdict", if (key.isGood) "good" else "bad", "counted", key.counted.toString())
            .register(registry)

    private fun pickCounter(key: PickKey): Counter =
        Counter
            .builder("router.picks")
            .description("Requests by the model that selection picked, and whether that was to learn more of it")
            .tags("recipe", key.recipe, "decision", key.decision, "model", key.model, "explored", key.explored.toString())
            .register(registry)

    private fun switchCounter(key: DecisionKey): Counter =
        counter("router.switches", "Picks of another model than answered before in the conversation", *key.tags)

    private fun comparedCounter(key: ComparedKey): Counter =
        Counter
            .builder("router.compared.cost")
            .description(
                "Cost of served answers, and what the same tokens would have cost from the priciest candidate and the default model",
            ).tags("recipe", key.recipe, "decision", key.decision, "of", key.of, "currency", key.currency)
            .register(registry)

    private fun regretSummary(key: DecisionKey): DistributionSummary =
        DistributionSummary
            .builder("router.regret.estimate")
            .description(
                "What picks are thought to lose in shares of good answers, by verdicts and cards, where those of the pick are known",
            ).tags(*key.tags)
            .register(registry)

    private fun adviceCounter(key: AdviceKey): Counter =
        Counter
            .builder("router.advice.tokens")
            .description("Tokens of language models that were asked to choose a model")
            .tags("recipe", key.recipe, "decision", key.decision, "model", key.model, "kind", key.kind)
            .register(registry)

    private fun adviceCostCounter(key: AdviceCostKey): Counter =
        Counter
            .builder("router.advice.cost")
            .description("Cost of asking language models to choose a model; part of what requests cost")
            .tags("recipe", key.recipe, "decision", key.decision, "currency", key.currency)
            .register(registry)

    private fun counter(name: String, help: String, vararg tags: String): Counter =
        Counter
            .builder(name)
            .description(help)
            .tags(*tags)
            .register(registry)

    private data class HintKey(val kind: String, val isGood: Boolean, val counted: Boolean)

    private data class PickKey(val recipe: String, val decision: String, val model: String, val explored: Boolean)

    private data class DecisionKey(val recipe: String, val decision: String) {
        val tags get() = arrayOf("recipe", recipe, "decision", decision)
    }

    private data class ComparedKey(val recipe: String, val decision: String, val of: String, val currency: String)

    private data class AdviceKey(val recipe: String, val decision: String, val model: String, val kind: String)

    private data class AdviceCostKey(val recipe: String, val decision: String, val currency: String)
}
