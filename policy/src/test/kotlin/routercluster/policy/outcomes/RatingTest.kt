package routercluster.policy.outcomes

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.time.Duration
import java.time.Instant
import kotlin.math.exp
import kotlin.math.ln
import kotlin.random.Random

class RatingTest {
    private val now = Instant.parse("2026-11-30T12:00:30Z")
    private val key = SelectionKey("default", "code")

    private fun verdicts(good: Int, bad: Int) = VerdictSums(goodFit = good * 1_000L, failed = bad * 1_000L)

    private fun compared(id: String, pair: ModelPair, firstWon: Boolean, at: Instant = now) =
        DecisionStatistics.of(
            Feedback(
                id,
                key,
                pair.first,
                VerdictSums.of(if (firstWon) Verdict.GOOD_FIT else Verdict.UNDERPOWERED),
                at,
                against = pair.second,
            ),
        )

    @Test
    fun `without comparisons verdicts say it all`() {
        ratings(mapOf("a" to verdicts(9, 1)), emptyMap()) shouldBe emptyMap()
    }

    @Test
    fun `strengths are those of games by the model of Bradley and Terry`() {
        val strengths = mapOf("a" to -0.8, "b" to 0.0, "c" to 0.5, "d" to 1.5)
        val random = Random(SEED)
        val pairs = strengths.keys
            .flatMap { first ->
                strengths.keys.filter { it > first }.map { ModelPair(first, it) }
            }.associateWith { pair ->
                val chance = 1 / (1 + exp(strengths.getValue(pair.second) - strengths.getValue(pair.first)))
                val won = (1..2_000).count { random.nextDouble() < chance } * 1_000L
                PairSums(won, 2_000_000L - won)
            }
        // Nobody judged d: what it is worth shows by those that it was compared with.
        val judged = mapOf("a" to verdicts(311, 689), "b" to verdicts(500, 500), "c" to verdicts(622, 378))
        val found = ratings(judged, pairs)
        strengths.forEach { (model, strength) ->
            withClue("$model, seed $SEED") { found.getValue(model).logOdds shouldBe (strength plusOrMinus 0.1) }
        }
        found.getValue("a").games shouldBe (7_000.0 plusOrMinus 1e-9)
        found.getValue("d").games shouldBe (6_000.0 plusOrMinus 1e-9)
    }

    @Test
    fun `one that won every game stays finite, and ties make equals`() {
        val won = ratings(emptyMap(), mapOf(ModelPair("a", "b") to PairSums(first = 1_000_000)))
        won.getValue("a").logOdds shouldBeGreaterThan 2.0
        won.getValue("a").logOdds shouldBe (-won.getValue("b").logOdds plusOrMinus 1e-6)
        ratings(emptyMap(), mapOf(ModelPair("a", "b") to PairSums(500, 500))).values.forEach { it.logOdds shouldBe (0.0 plusOrMinus 1e-9) }
        // A model that was judged but never compared keeps what its verdicts say.
        val beside = ratings(mapOf("c" to verdicts(9, 1)), mapOf(ModelPair("a", "b") to PairSums(500, 500)))
        beside.getValue("c").logOdds shouldBe (ln(9.5 / 1.5) plusOrMinus 1e-6)
    }

    @Test
    fun `comparisons add up to the whole in any order, and leave after a month`() {
        val models = listOf("a", "b", "c")
        repeat(40) { seed ->
            val random = Random(seed)
            val given = List(60) {
                val (first, second) = models.shuffled(random).take(2).sorted()
                compared("f$it", ModelPair(first, second), random.nextBoolean(), now.minus(Duration.ofDays(random.nextLong(40))))
            }
            val whole = given.reduce(DecisionStatistics::plus)
            val parts = given.shuffled(random).chunked(1 + random.nextInt(20)).map { it.reduce(DecisionStatistics::plus) }
            val merged = parts.shuffled(random).reduce(DecisionStatistics::plus)
            withClue("seed $seed") {
                merged shouldBe whole
                merged.since(now).models(now) shouldBe whole.models(now)
            }
        }
        compared("f", ModelPair("a", "b"), true).models(now.plus(Duration.ofDays(31))) shouldBe emptyMap()
    }

    @Test
    fun `one caller's word on a pair is bounded, and a repeat counts once`() {
        val by = Speaker("someone", weightMax = 2_000)
        val given = (1..5).map { Feedback("f$it", key, "a", VerdictSums.of(Verdict.GOOD_FIT), now, by, against = "b") }
        val state = (given + given).fold(SelectorState()) { state, feedback -> state.plus(feedback) }
        state.statistics.pairs.values
            .single() shouldBe PairSums(first = 2_000)
        state.judgement(given[0]) shouldBe Judgement.Counted(repeated = true)
        state.judgement(given[4]) shouldBe Judgement.Capped
        // Its word on the model itself is another matter.
        state.judgement(given[4].copy(id = "v", against = null)) shouldBe Judgement.Counted(repeated = false)
    }

    private companion object {
        const val SEED = 20_261_130
    }
}
