package routercluster.policy.record

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.policy.decisions.ScriptedLearnedSignal
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.leaf
import routercluster.policy.decisions.matched
import routercluster.policy.decisions.missed
import routercluster.policy.decisions.or
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.decisions.replyTo
import routercluster.policy.decisions.someFacts
import routercluster.policy.decisions.threatHead
import routercluster.policy.decisions.topicHead
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.routing.OpenPlan
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Planning
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.policy.signals.Cost
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class LearnedRecordTest {
    private val topic = ScriptedLearnedSignal("law", missed)
    private val threat =
        ScriptedLearnedSignal(
            "attack",
            missed,
            asks = listOf(Passage("a secret prompt", setOf(threatHead)), Passage("be kind", setOf(threatHead))),
            type = "jailbreak",
        )
    private val dear =
        ScriptedLearnedSignal(
            "judge",
            matched(0.8),
            Cost.ASK,
            asks = listOf(Passage("a secret prompt", setOf(topicHead))),
            type = "classifier",
        )
    private val policy =
        policy(
            recipe(
                listOf(topic, threat, dear),
                decision("guarded", or(leaf(0), leaf(1)), priority = 2),
                decision("judged", leaf(2), priority = 1),
            ),
        )

    private fun settled(first: Planning, answer: (OpenPlan) -> Planning): Plan {
        var next = first
        while (true) {
            when (next) {
                is Plan -> return next
                is OpenPlan -> next = answer(next)
            }
        }
    }

    private fun record(answer: (OpenPlan) -> Planning) =
        DecisionRecord.of("r-1", Instant.EPOCH, settled(policy.begin(policy.resolve("auto"), someFacts, Random(7)), answer))

    /** As an encoder would read long texts: the second passage not to its end. */
    private fun long(request: EncodeRequest): EncodeReply {
        val results = replyTo(request).results.mapIndexed {
            index,
            it,
            ->
            PassageResult(it.heads, Coverage(2 + index, 900, 15 - 10 * index, 15))
        }
        return EncodeReply(results, 4, Duration.ofMillis(3), Duration.ofMillis(12))
    }

    @Test
    fun `tells each call, what was read of each text and what it took`() {
        val record = record { it.answered(long(it.request), Duration.ofNanos(15_500_000)) }
        record.calls.map { call -> call.signals.map { it.toString() } } shouldBe
            listOf(listOf("domain:law", "jailbreak:attack"), listOf("classifier:judge"))
        record.render() shouldContain
            """
            |ENCODERS
            |  domain:law, jailbreak:attack  15.5 ms  15 characters in 2 windows                    topic, threat; batch 4, waited 3 ms, computed 12 ms
            |                                         7 characters in 3 windows, only 5 of 15 read  threat
            |  classifier:judge              15.5 ms  15 characters in 2 windows                    topic; batch 4, waited 3 ms, computed 12 ms
            """.trimMargin()
    }

    @Test
    fun `a call that failed says why`() {
        val record = record { it.failed("the queue is full", Duration.ofMillis(1)) }
        record.calls.map { it.failure } shouldBe listOf("the queue is full", "the queue is full")
        record.render() shouldContain "classifier:judge              1 ms  failed  the queue is full"
    }

    @Test
    fun `comes back from JSON as it went in, is decided again, and never holds the prompt`() {
        for (answer in listOf<
            (
                OpenPlan,
            ) -> Planning,
        >({ it.answered(long(it.request), Duration.ofMillis(15)) }, { it.expired(Duration.ofSeconds(1)) })) {
            val record = record(answer)
            val json = record.toJson().toString()
            val back = decisionRecordOf(json)
            back.calls shouldBe record.calls
            back.toJson().toString() shouldBe json
            replay(back, policy).isSame shouldBe true
            (json + record.render()) shouldNotContain "secret"
        }
    }
}
