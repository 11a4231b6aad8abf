package routercluster.policy.outcomes

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

/** Counting in parts, in any order and more than once is counting once. */
class MergingTest {
    private val now = Instant.parse("2026-11-29T12:00:00Z")
    private val key = SelectionKey("default", "code")

    private fun attempt(random: Random): AttemptOutcome {
        val failure = FailureClass.entries.random(random).takeIf { random.nextInt(3) == 0 }
        val total = Duration.ofMillis(random.nextLong(1, 20_000))
        val answer =
            AnswerOutcome(total.dividedBy(2), total, Duration.ofMillis(random.nextLong(1, 90)).takeIf { random.nextBoolean() }, 10, 20)
        val at = now.minusSeconds(random.nextLong(3_600))
        return AttemptOutcome(key, "m${random.nextInt(3)}", "u", at, failure, answer.takeIf { failure == null }, random.nextLong(1_000))
    }

    private fun feedback(random: Random) =
        Feedback("f${random.nextInt(40)}", key, "m0", VerdictSums.ofScore(1.0), now.minusSeconds(random.nextLong(86_400L * 40)))

    /** Of requests with features in one of two layouts. */
    private fun informed(random: Random): Feedback {
        val unit = ContextPoint.UNIT
        val values = ByteArray(4 + random.nextInt(2)) { random.nextInt(-unit, unit + 1).toByte() }
        val point = ContextPoint(values.size, values.also { it[it.lastIndex] = unit.toByte() })
        return feedback(random).copy(model = "m${random.nextInt(3)}", sums = VerdictSums.ofScore(random.nextDouble()), context = point)
    }

    private fun sum(outcomes: List<AttemptOutcome>): DecisionStatistics =
        outcomes.fold(DecisionStatistics.NONE) { sum, outcome -> sum + DecisionStatistics.of(outcome) }

    @Test
    fun `parts add up to the whole in any order`() {
        repeat(40) { seed ->
            val random = Random(seed)
            val outcomes = List(60) { attempt(random) }
            val parts = outcomes.shuffled(random).chunked(1 + random.nextInt(20)).map(::sum)
            val merged = parts.shuffled(random).fold(DecisionStatistics.NONE, DecisionStatistics::plus)
            withClue("seed $seed") {
                merged shouldBe sum(outcomes)
                merged.since(now).models(now) shouldBe sum(outcomes.shuffled(random)).models(now)
            }
        }
    }

    @Test
    fun `what verdicts say of linear models adds up to the whole in any order`() {
        repeat(40) { seed ->
            val random = Random(seed)
            val given = List(60) { informed(random) }
            val whole = given.map(DecisionStatistics::of).reduce(DecisionStatistics::plus)
            val parts = given.shuffled(random).chunked(1 + random.nextInt(20)).map { part -> part.map(DecisionStatistics::of) }
            val merged = parts.map { it.reduce(DecisionStatistics::plus) }.shuffled(random).reduce(DecisionStatistics::plus)
            withClue("seed $seed") {
                merged shouldBe whole
                merged.since(now).models(now) shouldBe whole.models(now)
            }
        }
    }

    @Test
    fun `sums of a point are its weighted products`() {
        val point = ContextPoint(7, byteArrayOf(-64, 10, 127))
        val feedback = Feedback("f", key, "m", VerdictSums.ofScore(0.75), now, context = point)
        val sums = DecisionStatistics
            .of(feedback)
            .models(now)
            .getValue("m")
            .contexts
        sums shouldBe
            mapOf(
                Layout(7, 3) to ContextSums(
                    longArrayOf(4_096, -640, 100, -8_128, 1_270, 16_129).map { it * 1_000 }.toLongArray(),
                    longArrayOf(-64, 10, 127).map { it * 750 }.toLongArray(),
                ),
            )
        DecisionStatistics.of(feedback).models(now.plus(Duration.ofDays(31))) shouldBe emptyMap()
        // One that was more than the task needed says nothing of quality.
        val over = DecisionStatistics.of(feedback.copy(sums = VerdictSums.of(Verdict.OVERPROVISIONED))).models(now).getValue("m")
        over.contexts.values
            .single()
            .rewards
            .sum() shouldBe 0
    }

    @Test
    fun `batches that come twice, late or in any order count once`() {
        repeat(40) { seed ->
            val random = Random(seed)
            val batches =
                (1..3).flatMap { node ->
                    (1L..20L).map { Batch(Producer("node-$node", node.toLong()), it, sum(List(random.nextInt(4)) { attempt(random) })) }
                }
            val expected = batches.fold(DecisionStatistics.NONE) { sum, batch -> sum + batch.sums }
            val told = (batches + batches.shuffled(random).take(30)).shuffled(random)
            val state = told.fold(SelectorState()) { state, batch -> state.plus(batch) }
            withClue("seed $seed") {
                state.statistics shouldBe expected
                state.batches.byProducer.values
                    .toSet() shouldBe setOf(Progress(through = 20))
            }
        }
    }

    @Test
    fun `a batch too far ahead is not counted until the older ones are here`() {
        val producer = Producer("a", 1)
        val one = DecisionStatistics.of(attempt(Random(1)))
        val early = Batch(producer, AppliedBatches.AHEAD_MAX + 1, one)
        SelectorState().plus(early) shouldBe SelectorState()
        AppliedBatches().arrival(producer, early.sequence) shouldBe Arrival.EARLY
        SelectorState().plus(Batch(producer, 1, one)).batches.arrival(producer, early.sequence) shouldBe Arrival.NEW
    }

    @Test
    fun `the producer heard longest ago is forgotten first`() {
        val all = (0..AppliedBatches.PRODUCERS_MAX).fold(AppliedBatches()) { applied, node -> applied.plus(Producer("n$node", 1), 1) }
        all.byProducer.size shouldBe AppliedBatches.PRODUCERS_MAX
        all.arrival(Producer("n0", 1), 1) shouldBe Arrival.NEW
        all.arrival(Producer("n1", 1), 1) shouldBe Arrival.REPEATED
    }

    @Test
    fun `a feedback counts once, and one that says otherwise under the same id is told so`() {
        val random = Random(3)
        val given = List(100) { feedback(random) }
        val state = given.fold(SelectorState()) { state, feedback -> state.plus(feedback) }
        val distinct = given.map { it.id }.toSet().size
        state.statistics.verdicts.values
            .sumOf { it.goodFit } shouldBe distinct * VerdictSums.WHOLE
        state.judgement(given.first()) shouldBe Judgement.Counted(repeated = true)
        state.judgement(given.first().copy(sums = VerdictSums.ofScore(0.0))) shouldBe Judgement.Contradicts
        state.judgement(given.first().copy(id = "new")) shouldBe Judgement.Counted(repeated = false)
    }

    @Test
    fun `windows forget whole slices`() {
        val old = attempt(Random(5)).copy(at = now.minus(Duration.ofMinutes(20)), model = "old")
        val fresh = old.copy(at = now.minus(Duration.ofMinutes(2)), model = "fresh")
        val sums =
            sum(listOf(old, fresh)) + DecisionStatistics.of(feedback(Random(1)).copy(at = now.minus(Duration.ofDays(3)), model = "judged"))
        sums.models(now).keys shouldBe setOf("fresh", "judged")
        sums.since(now.plus(Duration.ofDays(60))).isEmpty shouldBe true
    }
}
