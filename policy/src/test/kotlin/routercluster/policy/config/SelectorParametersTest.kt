package routercluster.policy.config

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.format.Feature
import routercluster.policy.selectors.AutomixSelector
import routercluster.policy.selectors.ConstrainedSelector
import routercluster.policy.selectors.Constraints
import routercluster.policy.selectors.ContextFeature
import routercluster.policy.selectors.ContextualMethod
import routercluster.policy.selectors.ContextualSelector
import routercluster.policy.selectors.ContextualSettings
import routercluster.policy.selectors.EloSelector
import routercluster.policy.selectors.FactorWeights
import routercluster.policy.selectors.HybridSelector
import routercluster.policy.selectors.HybridWeights
import routercluster.policy.selectors.MultiFactorSelector
import routercluster.policy.selectors.NoneWithin
import routercluster.policy.selectors.RlDrivenSelector
import routercluster.policy.selectors.RouterDcSelector
import routercluster.policy.selectors.RouterDcSettings
import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.ServiceLevels
import routercluster.policy.selectors.SessionAwareSelector
import routercluster.policy.selectors.SwitchProtection
import routercluster.policy.selectors.ThompsonSelector
import routercluster.policy.selectors.selectors
import routercluster.policy.signals.ToyEncoder
import java.time.Duration

/** Every parameter that a policy gives a selector reaches it. */
class SelectorParametersTest {
    private val protection = SwitchProtection(Duration.ofSeconds(60), 2, 0.1, 2.0, 0.2, 0.3, 0.4, 5.0, 0.6)

    private fun outcome(algorithm: String, encoder: EncoderFolder = EncoderFolder.Found(null, ToyEncoder.heads)) =
        provePolicy(
            """
            version: v0.3
            providers:
              models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}, {name: l, backend_refs: [{endpoint: "localhost:1"}]}]
              defaults: {default_model: m}
            routing:
              modelCards: [{name: m, description: quick}, {name: l, description: clever}]
              decisions: [{name: d, modelRefs: [{model: m}, {model: l}], algorithm: {$algorithm}}]
            """.trimIndent(),
            "p.yaml",
            { null },
            files = FakeFiles(emptyMap(), emptyMap(), encoder),
        )

    private fun policy(algorithm: String): Policy =
        when (val outcome = outcome(algorithm)) {
            is PolicyOutcome.Proven -> outcome.policy
            is PolicyOutcome.Refused -> error(outcome.problems.joinToString("\n"))
        }

    private fun selector(algorithm: String): Selector = policy(algorithm)
        .recipes
        .getValue("default")
        .decisions
        .single()
        .selector

    @Test
    fun `parameters reach selectors`() {
        val rows =
            listOf(
                "type: multi_factor, multi_factor: {weights: {quality: 0.1, latency: 0.2, cost: 0.3, load: 0.4}, " +
                    "slo: {max_tpot_ms: 5, max_ttft_ms: 6, max_cost_per_1m: 7, max_inflight: 8}, latency_percentile: 50, " +
                    "on_no_candidates: fail}" to
                    MultiFactorSelector(FactorWeights(0.1, 0.2, 0.3, 0.4), ServiceLevels(5.0, 6.0, 7.0, 8), 50, NoneWithin.FAIL),
                "type: automix, automix: {verification_threshold: 0.6, max_escalations: 3, cost_quality_tradeoff: 0.1, " +
                    "discount_factor: 0.8}" to
                    AutomixSelector(0.6, 3, 0.1, 0.8),
                "type: automix, automix: {cost_aware_routing: false}" to AutomixSelector(tradeoff = 0.0),
                "type: elo, elo: {initial_rating: 1200, min_comparisons: 9, cost_scaling_factor: 0.5}" to EloSelector(1_200.0, 9, 0.5),
                "type: rl_driven, rl_driven: {exploration_rate: 0.2, exploration_decay: 0.9, min_exploration: 0.01, " +
                    "use_thompson_sampling: false, cost_awareness: true, cost_weight: 0.4}" to RlDrivenSelector(0.2, 0.9, 0.01, false, 0.4),
                "type: rl_driven, rl_driven: {cost_weight: 0.4}" to RlDrivenSelector(),
                "type: session_aware, session_aware: {fallback_method: thompson, $PROTECTION}" to
                    SessionAwareSelector(ThompsonSelector, protection),
                "type: elo, protection: {$PROTECTION}" to SessionAwareSelector(EloSelector(), protection),
                "type: elo, protection: {$PROTECTION}, constraints: {max_tpot_ms: 5, max_ttft_ms: 6, max_cost_per_1m: 7, " +
                    "max_inflight: 8, latency_percentile: 50, max_cost: 0.5, within_budget: true, min_quality: 0.6, " +
                    "on_no_candidates: fastest}" to
                    ConstrainedSelector(
                        SessionAwareSelector(EloSelector(), protection),
                        Constraints(ServiceLevels(5.0, 6.0, 7.0, 8), 50, 0.5, true, 0.6, NoneWithin.FASTEST),
                    ),
            )
        for ((algorithm, selector) in rows) withClue(algorithm) { selector(algorithm) shouldBe selector }
        val similar = selector(
            "type: router_dc, router_dc: {temperature: 0.1, dimension_size: 64, min_similarity: 0.2, use_query_contrastive: true, " +
                "use_model_contrastive: true, require_descriptions: true, use_capabilities: false}",
        ).looked().shouldBeInstanceOf<RouterDcSelector>()
        similar.settings shouldBe
            RouterDcSettings(0.1, 64, 0.2, isAgainstRequests = true, isAgainstModels = true, true, usesCapabilities = false)
        similar.exemplars?.texts shouldBe listOf("quick", "clever")
        val hybrid = selector(
            "type: hybrid, hybrid: {experience_weight: 0.1, router_dc_weight: 0.2, automix_weight: 0.3, cost_weight: 0.4, " +
                "normalize_scores: false, quality_gap_threshold: 0.05}",
        ).looked().shouldBeInstanceOf<HybridSelector>()
        val contextual = selector(
            "type: contextual, contextual: {method: ucb, features: [domain, length], embedding_dimensions: 8, exploration: 0.6, " +
                "ridge: 3, cost_weight: 0.4, latency_weight: 0.5}",
        ).shouldBeInstanceOf<ContextualSelector>()
        contextual.settings shouldBe
            ContextualSettings(ContextualMethod.UCB, setOf(ContextFeature.DOMAIN, ContextFeature.LENGTH), 8, 0.6, 3.0, 0.4, 0.5)
        Triple(hybrid.weights, hybrid.isNormalised, hybrid.qualityGap) shouldBe Triple(HybridWeights(0.1, 0.2, 0.3, 0.4), false, 0.05)
    }

    private companion object {
        const val PROTECTION =
            "idle_timeout_seconds: 60, min_turns_before_switch: 2, switch_margin: 0.1, stability_weight: 2, handoff_penalty: 0.2, " +
                "cache_weight: 0.3, switch_history_weight: 0.4, max_cache_cost_multiplier: 5, stay_bias: 0.6"
    }

    private fun Selector.looked() = shouldBeInstanceOf<SecondLookSelector>().inner

    @Test
    fun `what goes by texts looks twice unless it is told not to, before a conversation keeps its model`() {
        val described = "type: router_dc, router_dc: {require_descriptions: true}"
        selector(described).shouldBeInstanceOf<SecondLookSelector>().below shouldBe SecondLookSelector.BELOW
        selector("$described, second_look_below: 0.5").shouldBeInstanceOf<SecondLookSelector>().below shouldBe 0.5
        selector("$described, second_look_below: -1").shouldBeInstanceOf<RouterDcSelector>()
        for (kept in listOf("$described, protection: {$PROTECTION}", "type: session_aware, session_aware: {fallback_method: contextual}")) {
            selector(kept).shouldBeInstanceOf<SessionAwareSelector>().base.shouldBeInstanceOf<SecondLookSelector>()
        }
        outcome("$described, second_look_below: 2").shouldBeInstanceOf<PolicyOutcome.Refused>()
    }

    @Test
    fun `session_aware keeps to any other selector that asks no language model`() {
        (selectors.keys - setOf("session_aware", "prompt")).filter { it != "router_dc" }.forEach { name ->
            val made = selector("type: session_aware, session_aware: {fallback_method: $name}")
            withClue(name) { made.shouldBeInstanceOf<SessionAwareSelector>() }
        }
        outcome("type: session_aware, session_aware: {fallback_method: session_aware}").shouldBeInstanceOf<PolicyOutcome.Refused>()
    }

    @Test
    fun `what an algorithm cannot do yet is noted`() {
        policy("type: automix, automix: {use_logprob_verification: true}").inactive.map { it.feature } shouldContainExactly
            listOf(Feature.LOOPER)
    }

    @Test
    fun `an algorithm that compares texts makes a policy learned and needs an encoder`() {
        policy("type: router_dc").isLearned shouldBe true
        policy("type: elo").isLearned shouldBe false
        val refused = outcome(
            "type: router_dc",
            EncoderFolder.Found(null, ToyEncoder.heads - "embedding"),
        ).shouldBeInstanceOf<PolicyOutcome.Refused>()
        refused.problems.single().message shouldStartWith "needs an encoder head for embedding"
    }
}
