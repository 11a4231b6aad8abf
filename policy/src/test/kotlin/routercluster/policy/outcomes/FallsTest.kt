package routercluster.policy.outcomes

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.selectors.GuardedSelector
import routercluster.policy.selectors.Guards
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.ThompsonSelector
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class FallsTest {
    private val now = Instant.parse("2026-11-30T12:00:30Z")

    private fun verdicts(ago: Duration, good: Int, bad: Int, model: String = "m1"): DecisionStatistics =
        DecisionStatistics.ofVerdicts(model, VerdictSums(goodFit = good * 1_000L, underpowered = bad * 1_000L), now.minus(ago))

    private fun DecisionStatistics.said(at: Instant = now) = models(at).getValue("m1").verdicts

    @Test
    fun `after a fall only what was said since counts, until a month later nothing of it is left`() {
        val steady = verdicts(Duration.ofDays(3), 20, 20, "m2") + verdicts(Duration.ofHours(1), 20, 20, "m2")
        val fallen = (
            steady + verdicts(Duration.ofDays(3), 190, 10) + verdicts(Duration.ofHours(1), 9, 1) +
                verdicts(Duration.ofMinutes(15), 10, 30)
        ).settled(now)
        fallen.falls.keys shouldBe setOf("m1")
        fallen.said() shouldBe VerdictSums(goodFit = 10_000, underpowered = 30_000)
        fallen
            .models(now)
            .getValue("m1")
            .frozen
            ?.cause shouldBe FreezeCause.VERDICTS
        fallen.models(now).getValue("m2").verdicts shouldBe VerdictSums(goodFit = 40_000, underpowered = 40_000)
        // Looking again finds the same one, also hours later, and what is said then is added.
        fallen.settled(now) shouldBe fallen
        val later = now.plus(Duration.ofHours(5))
        (fallen + DecisionStatistics.ofVerdicts("m1", VerdictSums(goodFit = 7_000), later)).settled(later).said(later) shouldBe
            VerdictSums(goodFit = 17_000, underpowered = 30_000)
        fallen.settled(now.plus(Duration.ofDays(40))).isEmpty shouldBe true
    }

    @Test
    fun `parts that know of a fall add up to the same in any order`() {
        val fallen = (verdicts(Duration.ofDays(3), 190, 10) + verdicts(Duration.ofMinutes(15), 0, 30)).settled(now)
        val more = verdicts(Duration.ofMinutes(1), 5, 0)
        (fallen + more) shouldBe (more + fallen)
        (fallen + more).said() shouldBe VerdictSums(goodFit = 5_000, underpowered = 30_000)
    }

    @Test
    fun `sums of a linear model begin anew with the share since the fall`() {
        val point = ContextPoint(7, byteArrayOf(-64, 10, 127))
        val feedback = Feedback("f", SelectionKey("r", "d"), "m1", VerdictSums.ofScore(1.0), now.minus(Duration.ofDays(2)), context = point)
        val good = (1..50).map { DecisionStatistics.of(feedback.copy(id = "$it")) }.reduce(DecisionStatistics::plus)
        val bad = (1..40).map {
            DecisionStatistics.of(feedback.copy(id = "b$it", sums = VerdictSums.ofScore(0.0), at = now.minus(Duration.ofMinutes(5))))
        }
        val fallen = bad.fold(good, DecisionStatistics::plus).settled(now)
        val since = VerdictSums(underpowered = 40_000)
        fallen.models(now).getValue("m1").contexts shouldBe
            mapOf(Layout(7, 3) to ContextSums.of(ContextPoint(7, byteArrayOf(0, 0, 127)), since))
    }

    /** A model that was good for ten days falls; three hours later its freeze ends, while the sums of 30 days speak well of it still. */
    @Test
    fun `roll-back holds on a stream, long after the freeze`() {
        val held = shareOfFallen { statistics, at -> statistics.settled(at) }
        val forgetful = shareOfFallen { statistics, at -> statistics.since(at) }
        withClue("of requests 4 to 48 hours after the fall, $held go to the fallen model, without falls $forgetful") {
            held shouldBeLessThan 0.02
            forgetful shouldBeGreaterThan 0.1
        }
    }

    private fun shareOfFallen(look: (DecisionStatistics, Instant) -> DecisionStatistics): Double {
        val random = Random(SEED)
        val selector = GuardedSelector(ThompsonSelector, Guards(freezes = true))
        val candidates = listOf("falls", "steady").map { Candidate(Model(it, emptyList())) }
        var statistics = (1L..10L).fold(DecisionStatistics.NONE) { sum, day ->
            sum + verdicts(Duration.ofDays(day), 270, 30, "falls") + verdicts(Duration.ofDays(day), 60, 40, "steady")
        }
        var fallen = 0
        var counted = 0
        for (minute in 0..HOURS * 60) {
            val at = now.plus(Duration.ofMinutes(minute.toLong()))
            statistics = look(statistics, at)
            val figures = Figures(statistics.models(at).mapValues { ModelFigures(it.value) })
            repeat(REQUESTS_A_MINUTE) {
                val picked = selector
                    .rank(candidates, SelectionContext(random, figures))
                    .first()
                    .candidate.model.name
                if (minute >= 4 * 60) counted++
                if (minute >= 4 * 60 && picked == "falls") fallen++
                val good = random.nextDouble() < if (picked == "falls") 0.2 else 0.6
                if (random.nextInt(JUDGED_ONE_IN) == 0) {
                    statistics += DecisionStatistics.ofVerdicts(picked, VerdictSums.ofScore(if (good) 1.0 else 0.0), at)
                }
            }
        }
        return fallen.toDouble() / counted
    }

    @Test
    fun `chance alone makes almost no model fall, however often it is looked`() {
        val random = Random(SEED)
        var falls = 0
        repeat(MODELS) { model ->
            var statistics = DecisionStatistics.NONE
            for (slice in 0 until 6 * 24 * 4) {
                val at = now.plus(Duration.ofMinutes(10L * slice))
                repeat(3) {
                    val score = if (random.nextDouble() < 0.7) 1.0 else 0.0
                    statistics += DecisionStatistics.ofVerdicts("m1", VerdictSums.ofScore(score), at)
                }
                val before = statistics.falls
                statistics = statistics.settled(at)
                if (statistics.falls != before) falls++
            }
            withClue("model $model") { statistics.said(now.plus(Duration.ofDays(4))).weight / 1_000.0 shouldBeGreaterThan 0.0 }
        }
        // 100 days of 18 verdicts an hour.
        withClue("falls by chance in 100 days") { falls shouldBeLessThanOrEqual 3 }
    }

    @Test
    fun `what is taken off leaves nothing below nothing`() {
        VerdictSums(goodFit = 5, failed = 2) - VerdictSums(goodFit = 3, underpowered = 9, failed = 4) shouldBe VerdictSums(goodFit = 2)
    }

    private companion object {
        const val SEED = 20_261_130
        const val HOURS = 48
        const val REQUESTS_A_MINUTE = 5
        const val JUDGED_ONE_IN = 10
        const val MODELS = 25
    }
}
