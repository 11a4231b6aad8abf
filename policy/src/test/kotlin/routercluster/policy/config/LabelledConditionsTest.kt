package routercluster.policy.config

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.Catalog
import routercluster.policy.config.raw.RawRule
import routercluster.policy.config.raw.readRule
import routercluster.policy.decisions.Predicate
import routercluster.policy.decisions.Rule
import routercluster.policy.request.Facts
import routercluster.policy.signals.Composed
import routercluster.policy.signals.ConditionNeeds
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LabelKind
import routercluster.policy.signals.OnError
import routercluster.policy.signals.RawSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalFamily
import routercluster.policy.signals.SignalRef

/** Conditions that name a part of a signal, and signals whose conditions hold only under a composer. */
class LabelledConditionsTest {
    private val any = leaf(0)

    @Test
    fun `a condition names a label beside the name or in it`() {
        val rows =
            mapOf(
                "{type: x, name: any}" to any,
                "{type: x, name: any, label: hard}" to leaf(0, label = "hard"),
                "{type: x, name: 'any:hard'}" to leaf(0, label = "hard"),
                "{type: x, name: 'a:b'}" to leaf(1),
                "{type: x, name: 'a:b:easy'}" to leaf(1, label = "easy"),
                "{type: x, name: level, label: easy}" to leaf(2, label = "easy"),
                "{type: x, name: level, predicate: {gt: 1}}" to leaf(2, Predicate(gt = 1.0)),
                "{type: x, name: score, label: mass, predicate: {gt: 1}}" to leaf(3, Predicate(gt = 1.0), "mass"),
                "{type: x, name: 'score:easy', predicate: {gt: 1}}" to leaf(3, Predicate(gt = 1.0), "easy"),
                "{type: x, name: 'composed:hard'}" to Rule.And(listOf(any, leaf(4, label = "hard"))),
            )
        for ((rule, expected) in rows) withClue(rule) { ruleOf(rule) shouldBe expected }
    }

    @Test
    fun `a wrong label is refused`() {
        val rows =
            mapOf(
                "{type: x, name: any, label: hrad}" to
                    "unknown label of x:any (found hrad); accepted: hard, easy, mass; did you mean hard?",
                "{type: x, name: 'any:medium'}" to "unknown label of x:any (found medium); accepted: hard, easy, mass",
                "{type: x, name: 'any:hard', label: easy}" to "stands beside a label in the name (found easy); accepted: one of the two",
                "{type: x, name: level}" to "needs a label (found level); accepted: hard, easy, mass",
                "{type: x, name: score, predicate: {gt: 1}}" to "needs a label (found score); accepted: hard, easy, mass",
                "{type: x, name: 'any:mass'}" to
                    "needs a predicate: mass is a number (found any:mass); accepted: predicate with gt, gte, lt or lte",
                "{type: x, name: 'nobody:hard'}" to
                    "unknown signal of type x (found nobody:hard); accepted: any, a:b, level, score, composed",
            )
        for ((rule, expected) in rows) {
            withClue(rule) { problems(rule).map { it.split(": ", limit = 3).last() } shouldBe listOf(expected) }
        }
    }

    @Test
    fun `composers are proven whether or not a condition needs them`() {
        val rows =
            mapOf(
                "{type: x, name: nobody}" to "routing.signals.xs[5].composer.name: unknown signal of type x (found nobody)",
                "{type: x, name: 'composed:hard'}" to
                    "routing.signals.xs[5].composer.name: has a composer of its own, so another composer cannot name it",
            )
        for ((composer, expected) in rows) {
            val extra = "\n    - {name: more, composer: $composer}"
            withClue(composer) { problems("{type: x, name: any}", extra).single().contains(expected) shouldBe true }
        }
    }

    private fun leaf(signal: Int, predicate: Predicate? = null, label: String? = null) =
        Rule.Leaf(signal, predicate, OnError.NO_MATCH, label)

    private fun ruleOf(rule: String): Rule =
        when (val outcome = outcome(rule)) {
            is PolicyOutcome.Proven -> {
                outcome.policy.recipes
                    .getValue("default")
                    .decisions
                    .single()
                    .rule
            }

            is PolicyOutcome.Refused -> {
                error(outcome.problems.joinToString())
            }
        }

    private fun problems(rule: String, signals: String = ""): List<String> =
        when (val outcome = outcome(rule, signals)) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems.map { it.toString() }
        }

    private fun outcome(rule: String, signals: String = "") = provePolicy(policy(rule, signals), "p.yaml", { null }, listOf(family))

    private fun policy(rule: String, signals: String) =
        """
version: v0.3
providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
routing:
  signals:
    xs:
    - {name: any}
    - {name: 'a:b'}
    - {name: level, needs: LABEL_OR_PREDICATE}
    - {name: score, needs: LABEL}
    - {name: composed, composer: {type: x, name: any}}$signals
  decisions:
  - {name: d, rules: $rule}
"""

    private val family =
        SignalFamily("xs", "x") { section ->
            LabelledSignal(
                section.requiredString("name"),
                section.here,
                section.oneOf("needs", ConditionNeeds.entries.associateBy { it.name }) ?: ConditionNeeds.NOTHING,
                section.section("composer")?.let { readRule(it, depth = 1) },
            )
        }

    private class LabelledSignal(
        override val name: String,
        override val at: Location,
        override val conditionNeeds: ConditionNeeds,
        override val composer: RawRule?,
    ) : RawSignal,
        Composed,
        Signal {
        override val ref = SignalRef("x", name)
        override val cost = Cost.FIELD
        override val labels = mapOf("hard" to LabelKind.FLAG, "easy" to LabelKind.FLAG, "mass" to LabelKind.NUMBER)

        override fun prove(catalog: Catalog, problems: Problems): Signal = this

        override fun read(facts: Facts): Reading = Reading.Seen(matched = false)
    }
}
