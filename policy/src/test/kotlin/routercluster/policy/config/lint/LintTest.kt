package routercluster.policy.config.lint

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.loadPolicy

class LintTest {
    private fun findings(decisions: String, signals: String = SIGNALS, more: String = ""): List<String> {
        val text =
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              $more
              signals: {$signals}
              decisions: [$decisions]
            """.trimIndent()
        return lint(loadPolicy(text, "p.yaml", { null }, FakeFiles()), "p.yaml") { null }.map(::told)
    }

    @Test
    fun `a sensible policy has no findings`() {
        findings("{name: x, priority: 2, rules: $A}, {name: y, priority: 1, rules: $B}, {name: rest}").shouldBeEmpty()
    }

    @Test
    fun `constraints that hold nobody back, or everybody`() {
        val text = { price: String, constraints: String ->
            """
            version: v0.3
            providers:
              defaults: {default_model: m}
              models:
                - {name: m, backend_refs: [{endpoint: "localhost:1"}]}
                - {name: n, $price backend_refs: [{endpoint: "localhost:2"}]}
            routing:
              decisions:
                - {name: x, modelRefs: [{model: n}], algorithm: {type: static, constraints: {$constraints}}}
            """.trimIndent()
        }
        val told = { price: String, constraints: String ->
            lint(loadPolicy(text(price, constraints), "p.yaml", { null }, FakeFiles()), "p.yaml") { null }.map(::told)
        }
        val at = "idle-constraint routing.decisions[0].algorithm.constraints:"
        val priced = "pricing: {prompt_per_1m: 2, completion_per_1m: 4},"
        told(priced, "max_cost: 1, max_cost_per_1m: 3, max_ttft_ms: 9").shouldBeEmpty()
        told("", "max_ttft_ms: 9").shouldBeEmpty()
        told("", "max_cost: 1") shouldBe listOf("$at bounds money, and n has no price: what is not known is never passed over")
        told(priced, "max_cost_per_1m: 1") shouldBe
            listOf("$at max_cost_per_1m is below the price of every candidate, so it always decides by on_no_candidates")
        told(priced, "within_budget: true") shouldBe
            listOf("$at within_budget needs a limit of kind cost that depends on neither model nor decision, and there is none")
    }

    @Test
    fun `signals that nothing reads`() {
        findings("{name: x, rules: $A}") shouldBe
            listOf(
                "unused-signal routing.signals.keywords[1]: no decision depends on keyword:b -> " +
                    fix("take it out", "routing.signals.keywords[1]", null),
            )
    }

    @Test
    fun `what a score or a composer reads is used`() {
        val score = "{name: s, inputs: [{type: keyword, name: b, weight: 1}]}"
        val projections = "projections: {scores: [$score], mappings: [{name: m, source: s, outputs: [{name: high, gte: 0.5}]}]}"
        findings("{name: x, rules: $A}, {name: y, priority: -1, rules: {type: projection, name: high}}", more = projections).shouldBeEmpty()
    }

    @Test
    fun `rules that can never hold`() {
        val opposite = "{operator: AND, conditions: [$A, {operator: NOT, conditions: [$A]}, $B]}"
        findings("{name: x, rules: $opposite}") shouldBe
            listOf("impossible-rule routing.decisions[0].rules.conditions[0]: can never hold together with its NOT beside it")
        val domains = "domains: [{name: law}, {name: math}]"
        val both = "{operator: AND, conditions: [{type: domain, name: law}, {type: domain, name: math}]}"
        val partition = "projections: {partitions: [{name: topic, semantics: exclusive, members: [law, math], default: law}]}"
        findings("{name: x, rules: $both}", domains, partition) shouldBe
            listOf(
                "impossible-rule routing.decisions[0].rules.conditions[1]: can never hold together with domain:law: only one " +
                    "member of the partition topic counts -> " + fix("join them by OR", "routing.decisions[0].rules.operator", "OR"),
            )
    }

    @Test
    fun `decisions that never win`() {
        val above = "{name: all, priority: 5}"
        findings("$above, {name: x, priority: 4, rules: {operator: OR, conditions: [$A, $B]}}") shouldBe
            listOf(
                "unreachable-decision routing.decisions[1].name: never wins: all matches always and ranks higher -> " +
                    fix("rank it above", "routing.decisions[1].priority", "6"),
            )
        val (either, other) = listOf("[$A, $B]", "[$B, $A]").map { "rules: {operator: OR, conditions: $it}" }
        val twice = "{name: x, priority: 2, $either}, {name: y, $other}"
        findings(twice) shouldBe
            listOf(
                "unreachable-decision routing.decisions[1].name: never wins: x has the same rule and ranks higher -> " +
                    fix("rank it above", "routing.decisions[1].priority", "3"),
            )
        withClue("confidences decide") { findings(twice, more = "strategy: confidence").shouldBeEmpty() }
    }

    @Test
    fun `decisions of one rank that one condition is enough for`() {
        findings("{name: x, rules: $A}, {name: y, rules: {operator: OR, conditions: [$A, $B]}}") shouldBe
            listOf(
                "equal-rank routing.decisions[1].name: has the rank of x, and keyword:a is enough for both -> " +
                    fix("rank it below", "routing.decisions[1].priority", "-1"),
            )
    }

    @Test
    fun `gaps between tiers`() {
        findings("{name: x, tier: 1, rules: $A}, {name: y, tier: 3, rules: $B}, {name: rest}") shouldBe
            listOf(
                "tier-gap routing.decisions[1].name: no decision has tier 2, the one before 3 -> " +
                    fix("move it up", "routing.decisions[1].tier", "2"),
                "tier-gap routing.decisions[2].name: has no tier and so comes before tier 1 whenever one with a tier matches -> " +
                    fix("put it last", "routing.decisions[2].tier", "4"),
            )
    }

    private companion object {
        const val SIGNALS = "keywords: [{name: a, operator: OR, keywords: [a]}, {name: b, operator: OR, keywords: [b]}]"
        const val A = "{type: keyword, name: a}"
        const val B = "{type: keyword, name: b}"
    }
}
