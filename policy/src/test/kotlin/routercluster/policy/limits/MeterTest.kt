package routercluster.policy.limits

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldHaveAtMostSize
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.seededCases
import kotlin.random.Random

class MeterTest {
    private fun pace(random: Random): Pace {
        val amount = 1L shl random.nextInt(39)
        val burst = minOf(1L shl random.nextInt(39), amount * Pace.BURST_WINDOWS_MAX)
        val window = random.nextLong(Pace.WINDOW_MIN.toMillis(), Pace.WINDOW_MAX.toMillis())
        return Pace(LimitAlgorithm.entries.random(random), amount, window, burst)
    }

    @Test
    fun `what is free again is so at the time that was told, and not before`() =
        seededCases(300) { random ->
            val pace = pace(random)
            var now = 5_000L
            var meter = Meter.empty(pace, now)
            repeat(20) {
                now += random.nextLong(0, pace.windowMillis / 4)
                meter = meter.at(now, pace)
                if (random.nextBoolean()) meter = meter.spend(random.nextLong(1, pace.capacity + 1), now, pace)
                val used = meter.used
                if (used > 0) {
                    val wanted = random.nextLong(1, used + 1)
                    val wait = meter.millisUntilFree(wanted, now, pace)
                    withClue("$pace $meter wants $wanted at $now, in $wait") {
                        meter.at(now + wait, pace).used shouldBeLessThanOrEqual used - wanted
                        if (wait > 1 && pace.windowMillis < 1_000_000) {
                            meter.at(now + wait - 1, pace).used shouldBeGreaterThan used - wanted
                        }
                    }
                }
            }
        }

    @Test
    fun `time passes the same in one step or in many`() =
        seededCases(300) { random ->
            val pace = pace(random)
            val start = Meter.empty(pace, 0).spend(pace.capacity, 0, pace)
            val end = random.nextLong(1, 2 * pace.windowMillis)
            val steps = List(20) { random.nextLong(0, end) }.sorted() + end
            val often = steps.fold(start) { meter, now -> meter.at(now, pace) }
            withClue("$pace to $end") { often.used shouldBe start.at(end, pace).used }
        }

    @Test
    fun `a sliding window keeps a bounded number of parts`() {
        val pace = Pace(LimitAlgorithm.SLIDING_WINDOW, 1_000_000, 60_000)
        var meter = Meter.empty(pace, 0)
        for (now in 0L..200_000 step 7) meter = meter.at(now, pace).spend(1, now, pace)
        (meter as SlidingWindow).slots shouldHaveAtMostSize 61
    }

    @Test
    fun `a bucket that is never emptied again fills in its time`() {
        val pace = Pace(LimitAlgorithm.TOKEN_BUCKET, amount = 10, windowMillis = 1_000, burst = 30)
        val empty = Meter.empty(pace, 0).spend(30, 0, pace)
        listOf(0L to 30L, 99L to 30L, 100L to 29L, 1_000L to 20L, 2_999L to 1L, 3_000L to 0L).forEach { (now, used) ->
            withClue("$now") { empty.at(now, pace).used shouldBe used }
        }
        empty.millisUntilFree(30, 0, pace) shouldBe 3_000
    }
}
