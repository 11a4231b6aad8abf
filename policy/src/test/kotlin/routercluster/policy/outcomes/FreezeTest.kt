package routercluster.policy.outcomes

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import java.time.Duration
import java.time.Instant
import kotlin.math.ln
import kotlin.random.Random

class FreezeTest {
    private val now = Instant.parse("2026-11-30T12:00:30Z")
    private val key = SelectionKey("default", "code")

    private fun attempts(minutesAgo: Long, failed: Int, all: Int): DecisionStatistics =
        (0 until all).fold(DecisionStatistics.NONE) { sum, index ->
            val failure = FailureClass.SERVER_ERROR.takeIf { index < failed }
            sum + DecisionStatistics.of(AttemptOutcome(key, "m1", "u", now.minus(Duration.ofMinutes(minutesAgo)), failure))
        }

    private fun verdicts(ago: Duration, bad: Int, all: Int): DecisionStatistics =
        DecisionStatistics.ofVerdicts("m1", VerdictSums(goodFit = (all - bad) * 1_000L, underpowered = bad * 1_000L), now.minus(ago))

    private fun DecisionStatistics.frozen() = models(now).getValue("m1").frozen

    @Test
    fun `a model whose attempts begin to fail is frozen, and tried anew when that is forgotten`() {
        val fallen = attempts(10, 2, 200) + attempts(5, 1, 100) + attempts(1, 30, 60)
        val freeze = fallen.frozen().shouldNotBeNull()
        freeze.cause shouldBe FreezeCause.ERRORS
        freeze.before shouldBe (0.01 plusOrMinus 1e-9)
        freeze.after shouldBe (0.5 plusOrMinus 1e-9)
        "$freeze" shouldBe "failed attempts rose from 1.0 % to 50.0 % of 60"
        fallen.models(now.plus(Duration.ofMinutes(20)))["m1"]?.frozen.shouldBeNull()
        // It has recovered, and what was bad is the earlier part.
        (attempts(10, 30, 60) + attempts(1, 1, 300)).frozen().shouldBeNull()
    }

    @Test
    fun `a model whose verdicts fall is frozen, also within a day`() {
        val before = verdicts(Duration.ofDays(3), 10, 200)
        (before + verdicts(Duration.ofMinutes(15), 20, 30)).frozen().shouldNotBeNull().cause shouldBe FreezeCause.VERDICTS
        (before + verdicts(Duration.ofMinutes(15), 2, 30)).frozen().shouldBeNull()
        // Hours ago they were as bad, so nothing fell.
        (verdicts(Duration.ofDays(3), 120, 200) + verdicts(Duration.ofMinutes(15), 18, 30)).frozen().shouldBeNull()
    }

    @Test
    fun `little evidence and small changes freeze nobody`() {
        (attempts(10, 0, 10) + attempts(1, 10, 10)).frozen().shouldBeNull()
        (attempts(10, 0, 500) + attempts(1, 50, 500)).frozen().shouldBeNull()
        attempts(1, 60, 60).frozen().shouldBeNull()
    }

    @Test
    fun `chance alone freezes almost nobody, and a real fall is found soon`() {
        val random = Random(SEED)
        val shares = { rates: List<Double> ->
            rates.mapIndexed { slice, rate -> Share(slice.toLong(), (1..30).count { random.nextDouble() < rate }.toDouble(), 30.0) }
        }
        val falseAlarms = (1..1_000).count { riseIn(shares(List(15) { 0.2 })) != null }
        withClue("seed $SEED") { falseAlarms shouldBeLessThanOrEqual 2 }
        val missed = (1..1_000).count { riseIn(shares(List(10) { 0.1 } + List(3) { 0.5 })) == null }
        withClue("seed $SEED") { missed shouldBeLessThan 10 }
    }

    @Test
    fun `the logarithm of the Gamma function`() {
        lnGamma(1.0) shouldBe (0.0 plusOrMinus 1e-10)
        (2..170).fold(0.0) { sum, n -> (sum + ln(n.toDouble())).also { lnGamma(n + 1.0) shouldBe (it plusOrMinus 1e-9) } }
    }

    private companion object {
        const val SEED = 20_261_130
    }
}
