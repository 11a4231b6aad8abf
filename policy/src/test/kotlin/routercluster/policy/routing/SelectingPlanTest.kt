package routercluster.policy.routing

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Decision
import routercluster.policy.Policy
import routercluster.policy.Recipe
import routercluster.policy.Strategy
import routercluster.policy.decisions.ScriptedSignal
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.leaf
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.missed
import routercluster.policy.decisions.model
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.someFacts
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.plugins.Plugin
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.render
import routercluster.policy.record.replay
import routercluster.policy.record.toJson
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.selectors.Need
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.signals.Cost
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef
import routercluster.policy.signals.ToyEncoder
import routercluster.policy.signals.whole
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class SelectingPlanTest {
    /** The last candidate first where the embedding's second number is the larger; tells what else it knew. */
    private class Looking(override val needs: Set<Need>) : Selector {
        override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
            val traits = context.traits
            val seen = traits.derived("lead") { mapOf("second" to (it[1] - it[0]).toDouble()) }
            val order = if (seen != null && seen.getValue("second") > 0) candidates.reversed() else candidates
            val reason = listOf(
                seen?.let { "saw" } ?: traits.why(Need.EMBEDDING),
                traits.domains?.size,
                traits.complexity,
                traits.promptTokens?.let { it > 0 },
                traits.session?.turns,
            ).joinToString()
            return order.mapIndexed { index, it -> Ranked(it, -index.toDouble(), reason, parts = seen.orEmpty()) }
        }
    }

    /** Wants [head] asked and matches whatever it says, unless nothing was said. */
    private class Asking(head: String, override val cost: Cost = Cost.ENCODE) : LearnedSignal {
        private val asks = listOf(Passage("a secret prompt", setOf(HeadRef("toy", head))))
        override val ref = SignalRef("domain", "topic")
        override val timeout: Duration = Duration.ofSeconds(1)

        override fun passages(facts: Facts) = asks

        override fun read(facts: Facts, results: List<PassageResult>): Reading = matched
    }

    private val both = listOf(Candidate(model("small")), Candidate(model("large")))
    private val embedding = Looking(setOf(Need.EMBEDDING))

    private fun policy(signals: List<Signal>, vararg decisions: Decision): Policy =
        policy(Recipe(Policy.DEFAULT_RECIPE, Strategy.PRIORITY, signals, decisions.toList(), ToyEncoder.catalog))

    private fun begin(policy: Policy, facts: Facts = someFacts, session: SessionFacts? = null): Planning =
        policy.begin(policy.resolve("auto"), facts, Random(7), session = session)

    private fun reply(request: EncodeRequest, broken: Set<HeadRef> = emptySet()): EncodeReply {
        val results = request.passages.map { passage ->
            val heads = passage.heads.associateWith { head ->
                val known = ToyEncoder.heads[head.head]?.labels.orEmpty()
                when {
                    head in broken -> HeadResult.Failed("out of order")
                    head.head == "embedding" -> HeadResult.Vector(floatArrayOf(0.6f, 0.8f))
                    else -> HeadResult.Labels(FloatArray(known.size) { if (it == 0) 0.75f else 0.25f / (known.size - 1) })
                }
            }
            PassageResult(heads, whole(passage.text))
        }
        return EncodeReply(results, results.size, Duration.ZERO, Duration.ZERO)
    }

    private fun Planning.answered(broken: Set<HeadRef> = emptySet()): Planning =
        shouldBeInstanceOf<OpenPlan>().run { answered(reply(request, broken), Duration.ofMillis(3)) }

    private fun Planning.plan() = shouldBeInstanceOf<Plan>()

    private fun Plan.first() =
        action
            .shouldBeInstanceOf<Action.Forward>()
            .ranked
            .first()

    @Test
    fun `a selector's needs are asked after the ruling where nothing else is`() {
        val all = Looking(Need.entries.toSet())
        val policy = policy(listOf(ScriptedSignal("k", matched)), decision("d", leaf(0), candidates = both, selector = all))
        policy.isLearned shouldBe true
        val open = begin(policy, session = SessionFacts(turns = 3)).shouldBeInstanceOf<OpenPlan>()
        val passage = open.request.passages.single()
        passage.text shouldBe "a secret prompt"
        passage.heads.map { it.head } shouldContainExactly listOf("embedding", "domain", "complexity")
        val plan = open.answered().plan()
        plan
            .first()
            .candidate.model.name shouldBe "large"
        // "easy" has 0.75 and "hard" an eighth.
        plan.first().reason shouldBe "saw, 14, 0.1875, true, 3"
        plan.calls
            .single()
            .signals
            .shouldBeEmpty()
        plan.readings.size shouldBe 1
    }

    @Test
    fun `they go with a call that signals need, once, for those decisions that can still win`() {
        val signals = listOf(ScriptedSignal("k", missed), Asking("embedding"))
        val out = Looking(setOf(Need.DOMAIN))
        val policy = policy(
            signals,
            decision("out", leaf(0), priority = 3, candidates = both, selector = out),
            decision("in", leaf(1), priority = 2, candidates = both, selector = embedding),
            decision("plain", leaf(1), priority = 1, candidates = both),
        )
        val open = begin(policy).shouldBeInstanceOf<OpenPlan>()
        open.request.passages
            .flatMap { it.heads }
            .map { it.head } shouldContainExactly listOf("embedding")
        val plan = open.answered().plan()
        plan.decision?.name shouldBe "in"
        plan
            .first()
            .candidate.model.name shouldBe "large"
        plan.calls.map { call -> call.signals.map { "$it" } } shouldContainExactly listOf(listOf("domain:topic"))
    }

    @Test
    fun `a call outside the cluster does not carry them`() {
        val dear = Asking("domain", Cost.ASK)
        val policy = policy(listOf(dear), decision("d", leaf(0), candidates = both, selector = embedding))
        val first = begin(policy).shouldBeInstanceOf<OpenPlan>()
        first.request.passages
            .flatMap { it.heads }
            .map { it.head } shouldContainExactly listOf("domain")
        val second = first.answered().shouldBeInstanceOf<OpenPlan>()
        second.request.passages
            .flatMap { it.heads }
            .map { it.head } shouldContainExactly listOf("embedding")
        second
            .answered()
            .plan()
            .calls.size shouldBe 2
    }

    @Test
    fun `nothing is asked where there is nothing to choose or nothing to read`() {
        val signals = listOf(ScriptedSignal("k", matched))
        val alone = policy(signals, decision("d", leaf(0), candidates = both.take(1), selector = embedding))
        val canned = policy(
            signals,
            decision("d", leaf(0), candidates = both, selector = embedding, plugins = listOf(Plugin.FastResponse("hello"))),
        )
        listOf(alone, canned).forEach {
            it.isLearned shouldBe false
            begin(it).plan().calls.shouldBeEmpty()
        }
        val chooses = policy(signals, decision("d", leaf(0), candidates = both, selector = embedding))
        begin(chooses, Facts(listOf(Message(Role.USER, " ")))).plan().first().reason shouldContain "there is no text to read"
    }

    @Test
    fun `without an answer selection goes on and says why`() {
        val policy = policy(listOf(ScriptedSignal("k", matched)), decision("d", leaf(0), candidates = both, selector = embedding))
        val open = begin(policy).shouldBeInstanceOf<OpenPlan>()
        open.expired(Duration.ofMillis(1)) shouldBe open
        val rows =
            listOf(
                open.failed("the queue is full", Duration.ofMillis(1)) to "the queue is full",
                open.expired(open.patience) to "no answer within 2000 ms",
                open.answered(EncodeReply(emptyList(), 0, Duration.ZERO, Duration.ZERO), Duration.ZERO) to "not whole",
                open.answered(setOf(HeadRef("toy", "embedding"))) to "toy/embedding failed: out of order",
            )
        for ((planning, reason) in rows) {
            planning.plan().first().reason shouldContain reason
            planning
                .plan()
                .first()
                .candidate.model.name shouldBe "small"
        }
        policy.plan(policy.resolve("auto"), someFacts, Random(7)).first().reason shouldContain "no encoder was asked"
    }

    @Test
    fun `a call with signals that fails is not made again for the selector`() {
        val signals = listOf(Asking("embedding"), ScriptedSignal("k", matched))
        val policy = policy(
            signals,
            decision("learned", leaf(0), priority = 2, candidates = both, selector = embedding),
            decision("rest", leaf(1), priority = 1, candidates = both, selector = embedding),
        )
        val open = begin(policy).shouldBeInstanceOf<OpenPlan>()
        for (planning in listOf(open.failed("gone", Duration.ZERO), open.expired(open.patience))) {
            val plan = planning.plan()
            plan.decision?.name shouldBe "rest"
            plan.calls.size shouldBe 1
        }
    }

    @Test
    fun `a record holds what came of the embedding, shows it, and is decided again by it`() {
        val policy =
            policy(
                listOf(ScriptedSignal("k", matched)),
                decision("d", leaf(0), candidates = both, selector = Looking(Need.entries.toSet())),
            )
        val session = SessionFacts(4, "large", Duration.ofSeconds(9), toolLoopOpen = true, isBound = true, switches = 2, reuse = 0.5)
        val record = DecisionRecord.of("r-1", Instant.EPOCH, begin(policy, session = session).answered().plan())
        val json = record.toJson().toString()
        val back = decisionRecordOf(json)
        back.toJson().toString() shouldBe json
        back.traits.session shouldBe session
        json shouldContain "\"derived\":{\"lead\":{\"second\":0."
        json shouldNotContain "secret"
        record.render() shouldContain "selection"
        record.render() shouldContain "second 0.2"
        replay(back, policy)
            .after
            .shouldNotBeNull()
            .action.model shouldBe "large"
        replay(back, policy).isSame shouldBe true
    }

    @Test
    fun `where the record does not hold what another policy's selector needs, its choice cannot be known`() {
        val signals = listOf(ScriptedSignal("k", matched))
        val plain = policy(signals, decision("d", leaf(0), candidates = both))
        val record = DecisionRecord.of("r-1", Instant.EPOCH, begin(plain).plan())
        val comparison =
            replay(
                record,
                policy(signals, decision("d", leaf(0), candidates = both, selector = Looking(setOf(Need.EMBEDDING, Need.SESSION)))),
            )
        comparison.isSame.shouldBeNull()
        comparison.missing.map { "$it" } shouldContainExactly listOf("selection:embedding", "selection:session")
    }
}
