package routercluster.policy.decisions

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Strategy
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading

class ExplanationTest {
    private val signals =
        listOf(
            ScriptedSignal("urgent", matched(0.92)),
            ScriptedSignal("code", missed),
            ScriptedSignal("long", Reading.Seen(false, value = 12.0), type = "context"),
            ScriptedSignal("admin", failed, type = "authz"),
            ScriptedSignal("task", Reading.Seen(true, labels = mapOf("hard" to matched(0.7, 0.25))), type = "complexity"),
            ScriptedSignal("later", matched),
        )

    @Test
    fun `says why each rule came out as it did`() {
        val long = leaf(2, predicate = Predicate(gte = 32_000.0))
        val rows =
            listOf(
                leaf(0) to "keyword:urgent matched (confidence 0.92)",
                leaf(1) to "keyword:code did not match",
                long to "needs context:long (value 12 not gte 32000)",
                leaf(2, predicate = Predicate(gt = 1.5, lte = 12.0)) to "context:long holds (value 12 is gt 1.5 and lte 12)",
                leaf(3, OnError.BLOCK) to "authz:admin could not be read (the encoder is away), which refuses the request",
                leaf(3) to "authz:admin could not be read (the encoder is away), which counts as not matched",
                leaf(5) to "keyword:later was not read",
                leaf(4, label = "hard") to "complexity:task:hard matched (confidence 0.7)",
                leaf(4, label = "easy") to "complexity:task:easy did not match",
                leaf(4, label = "hard", predicate = Predicate(gt = 0.3)) to "needs complexity:task:hard (value 0.25 not gt 0.3)",
                and(leaf(0), leaf(1), long) to "keyword:code did not match and needs context:long (value 12 not gte 32000)",
                or(leaf(0), leaf(1)) to "keyword:urgent matched (confidence 0.92)",
                not(leaf(0)) to "ruled out, as keyword:urgent matched (confidence 0.92)",
                not(leaf(1)) to "not ruled out, as keyword:code did not match",
                and() to "has no conditions, so it always matches",
                or() to "has an OR without conditions, which never matches",
            )
        val evidence = Evidence(signals.dropLast(1).map { it.reading } + null)
        for ((rule, reason) in rows) {
            withClue(rule) { explain(recipe(signals, decision("d", rule)), evidence).single().reason shouldBe reason }
        }
    }

    @Test
    fun `says to whom a match lost and by what`() {
        val evidence = Evidence(signals.map { it.reading })
        val lost = { strategy: Strategy, a: String, b: String ->
            val (first, second) = listOf(a, b).map { it.split(" ") }
            val decisions =
                listOf(
                    decision(first[0], leaf(0), first[1].toInt(), first[2].toInt()),
                    decision(second[0], leaf(5), second[1].toInt(), second[2].toInt()),
                )
            explain(
                recipe(signals, *decisions.toTypedArray(), strategy = strategy),
                evidence,
            ).single { !it.picked }.reason.substringAfter("; ")
        }
        lost(Strategy.PRIORITY, "a 1 0", "b 2 0") shouldBe "outranked by b: priority 1 against 2"
        lost(Strategy.PRIORITY, "a 1 0", "b 1 0") shouldBe "outranked by b: confidence 0.92 against 1"
        lost(Strategy.CONFIDENCE, "a 3 0", "b 1 0") shouldBe "outranked by b: confidence 0.92 against 1"
        lost(Strategy.PRIORITY, "a 1 1", "b 1 2") shouldBe "outranked by a: tier 2 against 1"
    }
}
