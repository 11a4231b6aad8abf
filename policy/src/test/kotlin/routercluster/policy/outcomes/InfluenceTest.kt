package routercluster.policy.outcomes

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeLessThanOrEqual
import io.kotest.matchers.maps.shouldHaveSize
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.ThompsonSelector
import java.time.Duration
import java.time.Instant
import kotlin.math.abs
import kotlin.random.Random

/** One identity says no more than its part, however loud. */
class InfluenceTest {
    private val now = Instant.parse("2026-11-29T12:00:00Z")
    private val key = SelectionKey("default", "code")

    private fun said(id: Int, by: String?, score: Double = 1.0, model: String = "m1", at: Instant = now) =
        Feedback("$by-$id", key, model, VerdictSums.ofScore(score), at, by?.let { Speaker(it, CAP) })

    private fun SelectorState.with(feedbacks: List<Feedback>) = feedbacks.fold(this) { state, feedback -> state.plus(feedback) }

    private fun SelectorState.mean(model: String): Double {
        val sums = statistics.models(now).getValue(model).verdicts
        return sums.goodFit.toDouble() / (sums.goodFit + sums.bad)
    }

    /** 90 % of 1,000 honest verdicts for m1 are good, 80 % of those for m2. */
    private val honest =
        SelectorState()
            .with(List(1_000) { said(it, "user-${it % 250}", if (it % 10 == 0) 0.0 else 1.0) })
            .with(List(1_000) { said(it + 1_000, "user-${it % 250}", if (it % 5 == 0) 0.0 else 1.0, "m2") })

    @Test
    fun `a flood of ten thousand false verdicts moves a model by no more than the bound`() {
        val flooded = honest.with(List(10_000) { said(it, "flood", score = 0.0) })
        val bound = CAP.toDouble() / (1_000 * VerdictSums.WHOLE + CAP)
        abs(flooded.mean("m1") - honest.mean("m1")) shouldBeLessThanOrEqual bound
        flooded.statistics
            .models(now)
            .getValue("m1")
            .verdicts.bad shouldBe 100 * VerdictSums.WHOLE + CAP
        share(flooded) shouldBe share(honest)
        // Without the bound m1 would stand at 900 of 11,000.
        val unbounded = honest.with(List(10_000) { said(it, by = null, score = 0.0) })
        share(unbounded) shouldBe 0
    }

    /** How often of 1,000 times m1 is picked, to the nearest hundred. */
    private fun share(state: SelectorState): Int {
        val models = state.statistics.models(now)
        val candidates = listOf("m1", "m2").map { Candidate(Model(it, emptyList())) }
        val measured = Figures(models.mapValues { ModelFigures(it.value) })
        val random = Random(1)
        val picks = (1..1_000).count {
            ThompsonSelector.rank(candidates, SelectionContext(random, measured)).first().candidate ==
                candidates[0]
        }
        return (picks + 50) / 100
    }

    @Test
    fun `what is capped is told so, and pushes no honest id out`() {
        val flooded = SelectorState().with(listOf(said(1, "ann"))).with(List(10_000) { said(it, "flood") })
        flooded.judgement(said(20_000, "flood")) shouldBe Judgement.Capped
        flooded.judgement(said(1, "ann")) shouldBe Judgement.Counted(repeated = true)
        flooded.judgement(said(1, "flood", model = "m2").copy(id = "other")) shouldBe Judgement.Counted(repeated = false)
        flooded.judged shouldHaveSize (CAP / VerdictSums.WHOLE).toInt() + 1
    }

    @Test
    fun `what left the window makes room again`() {
        val full = SelectorState().with(List(100) { said(it, "ann") })
        val later = now.plus(DecisionStatistics.VERDICT_SLICE.multipliedBy(DecisionStatistics.VERDICT_SLICES.toLong()))
        full.judgement(said(200, "ann", at = later.minus(Duration.ofDays(1)))) shouldBe Judgement.Capped
        full.judgement(said(200, "ann", at = later)) shouldBe Judgement.Counted(repeated = false)
        full.since(later).influence shouldBe Influence.NONE
    }

    @Test
    fun `parts add up to the whole in any order`() {
        repeat(40) { seed ->
            val random = Random(seed)
            val said = List(60) { said(it, "user-${random.nextInt(5)}", model = "m${random.nextInt(3)}") }
            val sum = { part: List<Feedback> -> part.fold(Influence.NONE) { sum, one -> sum + one } }
            val parts = said.shuffled(random).chunked(1 + random.nextInt(20)).map(sum)
            withClue("seed $seed") { parts.shuffled(random).fold(Influence.NONE, Influence::plus) shouldBe sum(said) }
        }
    }

    @Test
    fun `voices are bounded, and the one that was silent for longest goes first`() {
        val many = (0..Influence.VOICES_MAX).fold(Influence.NONE) { sum, user -> sum + said(user, "user-$user") }
        many.weights shouldHaveSize Influence.VOICES_MAX
        many.weights.keys
            .first()
            .identity shouldBe "user-1"
    }

    private companion object {
        const val CAP = 20 * VerdictSums.WHOLE
    }
}
