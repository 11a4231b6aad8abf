package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpHeaders
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import kotlin.random.Random

class StepTest {
    private val settings = Forwarding(backoff = Duration.ZERO)
    private val failed =
        Standing(
            failure = FailureClass.SERVER_ERROR,
            retries = 0,
            retriesMax = 1,
            retryOn = FailureClass.entries.toSet() - FailureClass.CREDENTIALS,
            attemptsLeft = 2,
            remainingNanos = 1_000_000_000,
            retryAfterNanos = null,
            fresh = false,
            more = true,
        )

    private fun Standing.step(settings: Forwarding = this@StepTest.settings, budget: Boolean = true) = next(settings, Random(1)) { budget }

    @Test
    fun `after a failure`() {
        val stop = Step.Stop(budgetSpent = false)
        val keyed = settings.copy(fallBackOn = setOf(FailureClass.CREDENTIALS))
        failed.step() shouldBe Step.Again(0)
        failed.copy(attemptsLeft = 0).step() shouldBe stop
        failed.copy(remainingNanos = 0).step() shouldBe stop
        failed.copy(retries = 1).step() shouldBe Step.MoveOn
        failed.copy(retries = 1, more = false).step() shouldBe stop
        failed.copy(retries = 1).step(settings.copy(fallBackOn = emptySet())) shouldBe stop
        failed.step(budget = false) shouldBe Step.MoveOn
        failed.copy(more = false).step(budget = false) shouldBe Step.Stop(budgetSpent = true)
        failed.copy(retryAfterNanos = 7).step() shouldBe Step.Again(7)
        failed.copy(retryAfterNanos = 7, fresh = true).step() shouldBe Step.Again(0)
        failed.copy(retryAfterNanos = 1_000_000_000).step() shouldBe Step.MoveOn
        failed.copy(retryAfterNanos = 2_000_000_001, remainingNanos = 9_000_000_000).step() shouldBe Step.MoveOn
        failed.copy(failure = FailureClass.CREDENTIALS).step() shouldBe stop
        failed.copy(failure = FailureClass.CREDENTIALS, fresh = true).step(keyed) shouldBe Step.Again(0)
        failed.copy(failure = FailureClass.CREDENTIALS).step(keyed) shouldBe Step.MoveOn
    }

    @Test
    fun `back-off doubles, jitters over its whole range and is bounded`() {
        for ((retries, ceiling) in listOf(0 to 25L, 1 to 50L, 2 to 100L, 10 to 1_000L, 99 to 1_000L)) {
            val random = Random(retries)
            val waits = List(1_000) { backoffNanos(25_000_000, retries, random) / 1_000_000 }
            waits.all { it in 0..ceiling } shouldBe true
            (waits.min() < ceiling / 5 && waits.max() > ceiling * 4 / 5) shouldBe true
        }
    }

    @Test
    fun `Retry-After is read in every form`() {
        val clock = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC)
        val rows =
            listOf(
                "retry-after-ms: 250" to 250L,
                "x-ms-retry-after-ms: 1500" to 1_500L,
                "retry-after: 2" to 2_000L,
                "retry-after: 0.5" to 500L,
                "retry-after: -1" to 0L,
                "retry-after: 999999999999" to 86_400_000L,
                "retry-after: Thu, 01 Jan 2026 00:00:10 GMT" to 10_000L,
                "retry-after: Wed, 31 Dec 2025 00:00:00 GMT" to 0L,
                "retry-after: soon" to null,
                "retry-after: NaN" to null,
                "other: 1" to null,
            )
        for ((header, millis) in rows) {
            val headers = HttpHeaders.of(header.substringBefore(": "), header.substringAfter(": "))
            retryAfter(headers, clock)?.toMillis() shouldBe millis
        }
    }

    @Test
    fun `a budget grows with requests, shrinks with retries and is bounded by what is in flight`() {
        var seconds = 0L
        val budget = Budget(20, floor = 2) { seconds * 1_000_000_000 }
        val withdrawals = { generateSequence { budget.withdraw() }.takeWhile { it }.count() }
        withdrawals() shouldBe 2
        repeat(4) { budget.deposit(inFlight = 0) }
        withdrawals() shouldBe 0
        budget.deposit(inFlight = 0)
        withdrawals() shouldBe 1
        repeat(1_000) { budget.deposit(inFlight = 50) }
        withdrawals() shouldBe 10
        seconds += 1
        withdrawals() shouldBe 1
        seconds += 60
        withdrawals() shouldBe 2
        val none = Budget(0, floor = 2) { seconds }
        repeat(9) { none.deposit(inFlight = 9) }
        none.withdraw() shouldBe false
    }
}
