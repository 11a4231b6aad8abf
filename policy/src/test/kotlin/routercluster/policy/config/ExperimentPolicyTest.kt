package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.selectors.ExperimentSelector
import routercluster.policy.selectors.GuardedSelector
import routercluster.policy.selectors.ThompsonSelector
import routercluster.policy.selectors.WeightedSelector

/** `gateway.learning.experiments`. */
class ExperimentPolicyTest {
    private val good = GOOD.replace("- name: urgent\n", "- {name: urgent, operator: OR, keywords: [now]}\n")

    private fun outcome(learning: String) =
        provePolicy("$good\n  learning: {$learning}", "p.yaml", mapOf("KEY" to "k")::get, files = FakeFiles())

    private fun selector(learning: String) =
        outcome(learning)
            .shouldBeInstanceOf<PolicyOutcome.Proven>()
            .policy.recipes
            .getValue("default")
            .decisions
            .single()
            .selector

    private fun problems(learning: String) =
        outcome(learning).shouldBeInstanceOf<PolicyOutcome.Refused>().problems.map { "${it.at.path}: ${it.message}" }

    @Test
    fun `an arm has its own algorithm and models, or those of the decision`() {
        val arms = "{name: now, share: 0.333}, {name: new, share: 0.333, algorithm: {type: thompson}}, " +
            "{name: cheap, share: 0.333, models: [small]}"
        val experiment = selector("experiments: [{name: trial, decision: fast, arms: [$arms]}]").shouldBeInstanceOf<ExperimentSelector>()
        experiment.name shouldBe "trial"
        experiment.arms.map { it.selector } shouldContainExactly listOf(WeightedSelector, ThompsonSelector, WeightedSelector)
        experiment.arms.map { it.models } shouldContainExactly listOf(null, null, setOf("small"))
        experiment.arms.sumOf { it.share } shouldBe (1.0 plusOrMinus 1e-12)
    }

    @Test
    fun `what holds selectors back holds each arm back`() {
        val learning = "freeze: true, experiments: [{name: trial, decision: fast, arms: [{name: a, share: 0.5}, {name: b, share: 0.5}]}]"
        val experiment = selector(learning).shouldBeInstanceOf<ExperimentSelector>()
        experiment.arms.forEach { it.selector.shouldBeInstanceOf<GuardedSelector>() }
    }

    @Test
    fun `rejects what cannot be split`() {
        val arms = "arms: [{name: a, share: 0.5}, {name: b, share: 0.5}]"
        val at = "gateway.learning.experiments"
        val rows = listOf(
            "experiments: [{name: t, decision: none, $arms}]" to listOf("$at[0].decision: is no decision"),
            "experiments: [{name: t, decision: fast, arms: [{name: a, share: 1}]}]" to listOf("$at[0].arms: has the wrong number of arms"),
            "experiments: [{name: t, decision: fast, arms: [{name: a, share: 0.5}, {name: a, share: 0.4}]}]" to
                listOf("$at[0].arms: has shares that do not make 1", "$at[0].arms[1].name: duplicate arm, first at line 48"),
            "experiments: [{name: t, decision: fast, arms: [{name: a, share: 0.5}, {name: b}]}]" to
                listOf("$at[0].arms[1].share: is required"),
            "experiments: [{name: t, decision: fast, arms: [{name: a, share: 0.5, models: [tiny]}, {name: b, share: 0.5}]}]" to
                listOf("$at[0].arms[0].models[0]: is no candidate of the decision"),
            "experiments: [{name: t, decision: fast, $arms}, {name: u, decision: fast, $arms}]" to
                listOf("$at[1].decision: duplicate experiment of the decision, first at line 48"),
            "experiments: [{name: t, decision: fast, $arms}], shadow: [fast]" to
                listOf("$at[0].decision: is in shadow, where nothing is split"),
            "experiments: [{name: t, decision: fast, arms: [{name: a, share: 0.5, algorithm: {type: magic}}, {name: b, share: 0.5}]}]" to
                listOf("$at[0].arms[0].algorithm.type: unknown value"),
        )
        assertSoftly {
            rows.forEach { (learning, problems) -> withClue(learning) { problems(learning) shouldContainExactly problems } }
        }
    }
}
