package routercluster.policy.decisions

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Decision
import routercluster.policy.Strategy
import routercluster.policy.signals.Cost
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading

class DecisionEngineTest {
    @Test
    fun `rules come out as the tables of three-valued logic say`() {
        // 0 matched, 1 not matched, 2 failed and blocks, 3 matched with 0.5
        val readings = listOf(matched, missed, failed, matched(0.5))
        val yes = leaf(0)
        val no = leaf(1)
        val blocked = leaf(2, OnError.BLOCK)
        val half = leaf(3)
        val rows =
            listOf(
                Triple(and(), Truth.TRUE, 0.0),
                Triple(and(yes, half), Truth.TRUE, 0.75),
                Triple(and(no, blocked), Truth.FALSE, 0.0),
                Triple(and(yes, blocked), Truth.BLOCKED, 1.0),
                Triple(or(), Truth.FALSE, 0.0),
                Triple(or(no, half), Truth.TRUE, 0.5),
                Triple(or(half, blocked), Truth.TRUE, 0.5),
                Triple(or(no, blocked), Truth.BLOCKED, 1.0),
                Triple(not(half), Truth.FALSE, 0.0),
                Triple(not(no), Truth.TRUE, 0.0),
                Triple(and(half, not(no)), Truth.TRUE, 0.5),
                Triple(and(and(not(no)), half), Truth.TRUE, 0.5),
                Triple(or(half, not(no)), Truth.TRUE, 0.5),
                Triple(not(blocked), Truth.BLOCKED, 1.0),
                Triple(leaf(2, OnError.MATCH), Truth.TRUE, 1.0),
                Triple(leaf(2, OnError.NO_MATCH), Truth.FALSE, 0.0),
                Triple(leaf(3, predicate = Predicate(gte = 0.5)), Truth.TRUE, 1.0),
                Triple(leaf(3, predicate = Predicate(gt = 0.5)), Truth.FALSE, 0.0),
            )
        for ((rule, truth, confidence) in rows) {
            withClue(rule) { fully(readings, decision("d", rule)).verdicts shouldBe listOf(Verdict("d", truth, confidence)) }
        }
    }

    @Test
    fun `as vLLM Semantic Router counts, NOT and keywords are certain`() {
        val signals =
            listOf(
                ScriptedSignal("word", matched(0.5)),
                ScriptedSignal("topic", matched(0.5), type = "domain"),
                ScriptedSignal("no", missed),
            )
        val rules = listOf(leaf(0), leaf(1), not(leaf(2)), and(leaf(1), not(leaf(2))))
        val decisions = rules.mapIndexed { place, rule -> decision("d$place", rule) }
        val engine = DecisionEngine(Strategy.PRIORITY, signals, decisions, semantics = ConfidenceSemantics.SEED)
        engine.decideFully(someFacts).verdicts.map { it.confidence } shouldBe listOf(1.0, 0.5, 1.0, 0.75)
    }

    @Test
    fun `a predicate tests the value before the confidence`() {
        val readings = listOf(Reading.Seen(false, 0.9, value = 12.0))
        fully(readings, decision("long", leaf(0, predicate = Predicate(gte = 12.0)))).decision?.name shouldBe "long"
        fully(readings, decision("long", leaf(0, predicate = Predicate(lt = 1.0)))).decision shouldBe null
    }

    @Test
    fun `a confidence that is out of bounds or no number does not upset the order`() {
        val readings = listOf(matched(7.0), matched(Double.NaN), matched(0.5))
        fully(readings, decision("a", leaf(0)), decision("b", leaf(1)), decision("c", leaf(2))).verdicts.map { it.confidence } shouldBe
            listOf(1.0, 0.0, 0.5)
    }

    /** Rows: name, priority, tier, confidence; 0 stands for not matched. */
    private class Row(val strategy: Strategy, val winner: String?, vararg val decisions: String)

    @Test
    fun `matched decisions are ranked by tier, strategy and name`() {
        val rows =
            listOf(
                Row(Strategy.PRIORITY, "b", "a 1 0 0.9", "b 2 0 0.1"),
                Row(Strategy.PRIORITY, "b", "a 1 0 0.1", "b 1 0 0.9"),
                Row(Strategy.PRIORITY, "a", "b 1 0 0.5", "a 1 0 0.5"),
                Row(Strategy.CONFIDENCE, "a", "a 1 0 0.9", "b 2 0 0.1"),
                Row(Strategy.CONFIDENCE, "b", "a 1 0 0.5", "b 2 0 0.5"),
                Row(Strategy.CONFIDENCE, "a", "b 1 0 0.5", "a 1 0 0.5"),
                Row(Strategy.PRIORITY, "b", "a 9 2 0.9", "b 1 1 0.1"),
                Row(Strategy.PRIORITY, "b", "a 9 2 0.1", "b 1 2 0.9"),
                Row(Strategy.PRIORITY, "a", "a 9 2 0.5", "b 1 2 0.5"),
                Row(Strategy.PRIORITY, "b", "a 1 0 0.1", "b 1 0 0.9", "c 9 1 1"),
                Row(Strategy.PRIORITY, "a", "a 2 0 0.1", "b 1 0 0.9", "c 9 1 0"),
                Row(Strategy.PRIORITY, "b", "a 2 0 0.1", "b 1 0 0.9", "c 9 1 1"),
                Row(Strategy.PRIORITY, null, "a 2 0 0", "b 1 3 0"),
            )
        for (row in rows) {
            val cells = row.decisions.map { it.split(" ") }
            val readings = cells.map { it[3].toDouble() }.map { if (it == 0.0) missed else matched(it) }
            val decisions = cells.mapIndexed { index, it -> decision(it[0], leaf(index), it[1].toInt(), it[2].toInt()) }
            withClue(row.decisions.toList()) {
                fully(readings, *decisions.toTypedArray(), strategy = row.strategy).decision?.name shouldBe row.winner
                lazily(readings, *decisions.toTypedArray(), strategy = row.strategy).decision?.name shouldBe row.winner
            }
        }
    }

    @Test
    fun `reads only what can change the winner`() {
        val first = decision("first", leaf(0), priority = 9)
        val second = decision("second", and(leaf(1), leaf(2)), priority = 5)
        readBy(listOf(matched, matched, matched), first, second) shouldBe listOf(0)
        readBy(listOf(missed, missed, matched), first, second) shouldBe listOf(0, 1)
        readBy(listOf(missed, matched, matched), first, second) shouldBe listOf(0, 1, 2)
        readBy(listOf(matched), decision("always", and()), decision("never", leaf(0), priority = -1)) shouldBe emptyList()
        readBy(listOf(matched, matched), decision("either", or(leaf(0), leaf(1)))) shouldBe listOf(0)
        readBy(listOf(missed, matched), decision("both", and(leaf(0), leaf(1)))) shouldBe listOf(0)
    }

    @Test
    fun `equal priorities read on only while a confidence can overtake`() {
        val a = decision("a", leaf(0))
        val b = decision("b", leaf(1))
        readBy(listOf(matched(1.0), matched(1.0)), a, b) shouldBe listOf(0)
        readBy(listOf(matched(0.5), matched(1.0)), a, b) shouldBe listOf(0, 1)
    }

    @Test
    fun `a tier that may still match keeps a winner by priority open`() {
        val plain = listOf(decision("a", leaf(0), priority = 2), decision("b", leaf(1), priority = 1))
        val tiered = decision("t", leaf(2), tier = 1)
        val readings = listOf(matched(0.5), matched(1.0), matched)
        lazily(readings, *plain.toTypedArray(), tiered).decision?.name shouldBe "b"
        lazily(readings.dropLast(1) + missed, *plain.toTypedArray(), tiered).decision?.name shouldBe "a"
    }

    @Test
    fun `reads the cheaper signal first, and among equals that of the likelier winner`() {
        val signals =
            listOf("a" to Cost.ANALYSIS, "b" to Cost.FIELD, "c" to Cost.FIELD).map { (name, cost) -> ScriptedSignal(name, missed, cost) }
        val recipe = recipe(signals, decision("low", leaf(1), 1), decision("high", or(leaf(0), leaf(2)), 2))
        recipe.engine.needed(Evidence.none(3)) shouldBe listOf(2, 1, 0)
        recipe.engine.needed(Evidence.none(3).with(1, missed)) shouldBe listOf(2, 0)
        recipe.engine.needed(Evidence.none(3).with(2, matched)) shouldBe emptyList()
    }

    @Test
    fun `a blocked winner refuses and names its signals, a blocked loser does not`() {
        val guard = decision("guard", and(leaf(0, OnError.BLOCK), leaf(1)), priority = 9)
        val fallback = decision("fallback", and())
        lazily(listOf(failed, matched), guard, fallback).let {
            it.isBlocked shouldBe true
            it.decision?.name shouldBe "guard"
            it.blockers.map { ref -> "$ref" } shouldBe listOf("keyword:s0")
        }
        lazily(listOf(failed, missed), guard, fallback).decision?.name shouldBe "fallback"
        lazily(listOf(failed, matched), guard, decision("first", and(), priority = 99)).isBlocked shouldBe false
    }

    @Test
    fun `no decisions, no winner`() {
        lazily(emptyList()).let {
            it.decision shouldBe null
            it.confidence shouldBe 0.0
            it.readings shouldBe emptyList()
        }
    }

    @Test
    fun `rejects a condition on a signal that is not there`() {
        shouldThrow<IllegalArgumentException> { recipe(emptyList(), decision("d", leaf(3))) }.message shouldBe
            "a condition names signal 3; there are 0"
        shouldThrow<IllegalArgumentException> { recipe(emptyList()).engine.needed(Evidence.none(2)) }.message shouldBe
            "evidence of 2 signals for a recipe of 0"
    }

    private fun signals(readings: List<Reading>) = readings.mapIndexed { index, it -> ScriptedSignal("s$index", it) }

    private fun fully(readings: List<Reading>, vararg decisions: Decision, strategy: Strategy = Strategy.PRIORITY) =
        recipe(signals(readings), *decisions, strategy = strategy).engine.decideFully(someFacts)

    private fun lazily(readings: List<Reading>, vararg decisions: Decision, strategy: Strategy = Strategy.PRIORITY) =
        recipe(signals(readings), *decisions, strategy = strategy).engine.decide(someFacts)

    private fun readBy(readings: List<Reading>, vararg decisions: Decision): List<Int> =
        lazily(readings, *decisions).readings.map {
            it.first.name
                .removePrefix("s")
                .toInt()
        }
}
