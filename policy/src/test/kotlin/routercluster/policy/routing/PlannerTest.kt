package routercluster.policy.routing

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Policy
import routercluster.policy.decisions.ScriptedSignal
import routercluster.policy.decisions.and
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.failed
import routercluster.policy.decisions.leaf
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.missed
import routercluster.policy.decisions.model
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.decisions.someFacts
import routercluster.policy.plugins.Plugin
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.Selector
import routercluster.policy.signals.OnError
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import kotlin.random.Random

class PlannerTest {
    private val both = listOf(Candidate(model("large")), Candidate(model("small")))

    private fun policyOf(reading: Reading, type: String = "keyword"): Policy =
        policy(
            recipe(listOf<Signal>(ScriptedSignal("s", reading, type = type)), decision("hard", leaf(0, OnError.BLOCK), candidates = both)),
            recipe(emptyList(), decision("always", and()), name = "other"),
            recipe(emptyList(), decision("hello", and(), plugins = listOf(Plugin.FastResponse("hi"))), name = "canned"),
            entrypoints = mapOf("team:a" to "other"),
        )

    private val policy = policyOf(matched)

    private fun plan(written: String): Plan = policy.plan(policy.resolve(written), someFacts, Random(1))

    @Test
    fun `each way of writing a model leads where it should`() {
        val rows =
            listOf(
                "small" to "null null small: asked for by name",
                "llama3:8b" to "null null llama3:8b: asked for by name",
                "auto:model=large" to "null null large: pinned by the model switch",
                "auto:model=llama3:8b:debug" to "null null llama3:8b: pinned by the model switch",
                "auto:recipe=other:model=large" to "null null large: pinned by the model switch",
                "auto" to "default hard large: place 1 in the file",
                "auto:no-cache:debug" to "default hard large: place 1 in the file",
                "team:a" to "other always small: place 1 in the file",
                "auto:recipe=other" to "other always small: place 1 in the file",
                "large:recipe=other" to "other always small: place 1 in the file",
            )
        for ((written, expected) in rows) {
            val plan = plan(written)
            val first = (plan.action as Action.Forward).ranked.first()
            withClue(written) { "${plan.recipe} ${plan.decision?.name} ${first.candidate.model.name}: ${first.reason}" shouldBe expected }
        }
        plan("auto:no-cache:debug").asked.let { (it.cache to it.debug) shouldBe (false to true) }
    }

    @Test
    fun `names that nothing answers to are refused`() {
        val long = "x".repeat(MODEL_NAME_LENGTH_MAX + 1)
        val rows =
            listOf(
                "smal" to Action.Refuse(404, "model_not_found", "The model \"smal\" does not exist; the nearest known name is small."),
                "gpt-9\u0000" to Action.Refuse(404, "model_not_found", "The model \"gpt-9?\" does not exist."),
                "" to Action.Refuse(404, "model_not_found", "The model \"\" does not exist."),
                long to Action.Refuse(404, "model_not_found", "The model \"${"x".repeat(80)}...\" does not exist."),
                "auto:model=auto" to Action.Refuse(404, "model_not_found", "The model \"auto\" does not exist."),
                "auto:recipe=othr" to
                    Action.Refuse(404, "recipe_not_found", "The recipe \"othr\" does not exist; the nearest known name is other."),
                "auto:debgu" to
                    Action.Refuse(
                        400,
                        "unknown_model_switch",
                        "The model name has an unknown switch \"debgu\"; the nearest known name is debug; " +
                            "accepted: recipe=NAME, model=NAME, no-cache, debug, all-signals.",
                    ),
            )
        for ((written, refusal) in rows) withClue(written) { plan(written).action shouldBe refusal }
    }

    @Test
    fun `no match goes to the default model`() {
        val plan = policyOf(missed).let { it.plan(it.resolve("auto"), someFacts, Random(1)) }
        plan.decision shouldBe null
        (plan.action as Action.Forward).ranked.map { "${it.candidate.model.name}: ${it.reason}" } shouldBe
            listOf("small: default model: no decision matched")
    }

    @Test
    fun `a fast response answers without a model`() {
        plan("auto:recipe=canned").action shouldBe Action.Answer("hi")
    }

    @Test
    fun `a winner that rests on a failed signal is refused`() {
        val refuse = { type: String -> policyOf(failed, type).let { it.plan(it.resolve("auto"), someFacts, Random(1)).action } }
        refuse("authz") shouldBe
            Action.Refuse(403, "identity_required", "The decision hard needs to know who asks, and the request names nobody.")
        refuse("jailbreak") shouldBe
            Action.Refuse(403, "signal_unavailable", "The decision hard needs the signal jailbreak:s, which could not be read.")
    }

    @Test
    fun `everything reads also what does not matter`() {
        val signals = List(3) { ScriptedSignal("s$it", matched) }
        val policy = policy(recipe(signals, decision("a", leaf(0), priority = 2), decision("b", leaf(1), priority = 1)))
        val name = ModelName("auto", "auto")
        policy.plan(name, someFacts, Random(1)).readings.size shouldBe 1
        policy.plan(name, someFacts, Random(1), everything = true).let {
            it.readings.size shouldBe 3
            it.decision?.name shouldBe "a"
            it.verdicts.map { verdict -> verdict.decision } shouldBe listOf("a", "b")
        }
    }

    @Test
    fun `the same seed gives the same plan`() {
        val shuffling = Selector { candidates, context -> candidates.shuffled(context.random).map { Ranked(it, 0.0, "by chance") } }
        val policy =
            policy(recipe(emptyList(), decision("any", and(), candidates = both + Candidate(model("llama3:8b")), selector = shuffling)))
        val picks = List(20) { seed -> List(2) { policy.plan(policy.resolve("auto"), someFacts, Random(seed)).action } }
        picks.all { (a, b) -> a == b } shouldBe true
        picks.distinct().size shouldBe picks.map { it.first() }.distinct().size
    }
}
