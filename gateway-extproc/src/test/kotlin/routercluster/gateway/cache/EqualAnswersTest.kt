package routercluster.gateway.cache

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeGreaterThan
import org.junit.jupiter.api.Test
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.StorableAnswer
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneOffset
import kotlin.math.ln
import kotlin.math.pow
import kotlin.random.Random

class EqualAnswersTest {
    private val clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC)

    private class Question(val key: String, val cost: Double, val length: Int)

    /** What is saved of all that [requests] would cost, 0 to 1, in room for one in twenty of them. */
    private fun saved(requests: List<Question>, byCost: Boolean): Double {
        val room = requests.distinct().sumOf { 512L + 2 * it.length } / 20
        val answers = EqualAnswers(room, clock, byCost)
        var saved = 0.0
        for (it in requests) {
            if (answers.of(it.key) != null) {
                saved += it.cost
            } else {
                val answer = StorableAnswer("x".repeat(it.length), null, null, null)
                answers.keep(it.key, KeptAnswer(answer, "m", "r", "d", Instant.EPOCH, it.cost), Duration.ofHours(1))
            }
        }
        return saved / requests.sumOf { it.cost }
    }

    @Test
    fun `by cost the same room saves more money where answers differ in what they cost`() {
        val random = Random(SEED)
        // Costs and lengths as far apart as those of a small model and of a large one that reasons.
        val questions = List(5_000) { Question("q$it", 10.0.pow(-random.nextDouble() * 3), (200 * -ln(random.nextDouble())).toInt()) }
        // Zipf's law, and one in three that nobody asks again.
        val requests = List(60_000) { step ->
            if (random.nextInt(3) == 0) Question("once $step", 0.01, 200) else questions[(5_000.0.pow(random.nextDouble()) - 1).toInt()]
        }
        val (often, cost) = listOf(false, true).map { saved(requests, it) }
        println("saved by frequency: %.3f, by cost: %.3f".format(often, cost))
        withClue("seed $SEED") { cost shouldBeGreaterThan often }
    }

    private companion object {
        const val SEED = 6
    }
}
