package routercluster.policy.limits

import io.kotest.assertions.withClue
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import org.junit.jupiter.api.Test
import routercluster.policy.request.seededCases

/** Over all nodes together no more is let through than a limit says, whatever is lost, late, sent twice or dead. */
class ExactnessTest {
    private fun rule(pace: Pace) = LimitRule("r", LimitKind.TOKENS, pace)

    @Test
    fun `no window of a sliding window ever holds more than the limit`() {
        var denied = 0
        var granted = 0
        seededCases(CASES) { random ->
            val limit = random.nextLong(1, 200)
            val window = random.nextLong(1_000, 20_000)
            val run = Simulation(rule(Pace(LimitAlgorithm.SLIDING_WINDOW, limit, window)), 1 + random.nextInt(4), random, 1 + limit / 5)
            run.run(STEPS)
            denied += run.denied
            granted += run.spent.size
            for (first in run.spent) {
                val inWindow = run.spent.filter { it.at >= first.at && it.at < first.at + window }.sumOf { it.amount }
                withClue("limit $limit in $window ms from ${first.at}") { inWindow shouldBeLessThanOrEqual limit }
            }
        }
        // Else this would hold of a limit that lets nothing through.
        granted shouldBeGreaterThan CASES * 10
        denied shouldBeGreaterThan CASES
    }

    @Test
    fun `a token bucket never gives more than its burst and what flowed in meanwhile`() {
        seededCases(CASES) { random ->
            val pace = Pace(LimitAlgorithm.TOKEN_BUCKET, random.nextLong(1, 200), random.nextLong(1_000, 20_000), random.nextLong(1, 100))
            val run = Simulation(rule(pace), 1 + random.nextInt(4), random, 1 + pace.burst / 5)
            run.run(STEPS)
            for (first in run.spent) {
                var sum = 0L
                for (next in run.spent.filter { it.at >= first.at }.sortedBy { it.at }) {
                    sum += next.amount
                    val flowed = (next.at - first.at) * pace.amount / pace.windowMillis + 1
                    withClue("$pace from ${first.at} to ${next.at}") { sum shouldBeLessThanOrEqual pace.burst + flowed }
                }
            }
        }
    }

    private companion object {
        const val CASES = 150
        const val STEPS = 600
    }
}
