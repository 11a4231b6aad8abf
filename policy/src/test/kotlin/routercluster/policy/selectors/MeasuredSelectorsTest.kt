package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.VerdictSums
import java.time.Duration
import kotlin.random.Random

private fun measured(firstByteMillis: Long, perTokenMillis: Long, samples: Int = 10, failed: Long = 0): ModelFigures {
    val one = Performance(
        attempts = 1,
        firstByte = LatencySketch.of(Duration.ofMillis(firstByteMillis)),
        perToken = LatencySketch.of(Duration.ofMillis(perTokenMillis)),
    )
    val good = (1..samples).fold(Performance.NONE) { sum, _ -> sum + one }
    val bad = if (failed == 0L) Performance.NONE else Performance(failed, mapOf(FailureClass.SERVER_ERROR to failed))
    return ModelFigures(ModelStatistics(good + bad))
}

private fun judged(good: Long, bad: Long) =
    ModelFigures(ModelStatistics(verdicts = VerdictSums(goodFit = good * VerdictSums.WHOLE, underpowered = bad * VerdictSums.WHOLE)))

private fun order(selector: Selector, figures: Figures, seed: Int, candidates: Int): List<String> =
    selector
        .rank(SelectorContract.candidates(*DoubleArray(candidates) { 1.0 }), SelectionContext(Random(seed), figures))
        .map { it.candidate.model.name }

class LatencyAwareSelectorTest : SelectorContract {
    override val selector = LatencyAwareSelector(perTokenPercentile = 50, firstBytePercentile = 95)

    override fun measured() = Figures(mapOf("m0" to measured(200, 10), "m1" to measured(100, 10), "m2" to measured(100, 30, failed = 1)))

    @Test
    fun `the quickest is first and each place says why`() {
        val ranked = selector.rank(SelectorContract.candidates(1.0, 1.0), SelectionContext(Random(1), measured()))
        ranked.map { it.candidate.model.name } shouldBe listOf("m1", "m0")
        ranked[0].reason shouldContain "1.0 times the best: first token p95"
        ranked[1].reason shouldContain Regex("1\\.5\\d* times the best")
    }

    @Test
    fun `failures make a model as slow as trying again does`() {
        val figures = Figures(mapOf("m0" to measured(100, 10, failed = 10), "m1" to measured(150, 15)))
        order(selector, figures, seed = 1, candidates = 2) shouldBe listOf("m1", "m0")
    }

    @Test
    fun `a model without figures is picked as often as by chance`() {
        val figures = Figures(mapOf("m0" to measured(100, 10), "m1" to measured(300, 10), "m2" to measured(1, 1, samples = 2)))
        val picks = (1..DRAWS).groupingBy { order(selector, figures, seed = it, candidates = 3).first() }.eachCount()
        withClue("picks $picks") {
            (picks.getValue("m2").toDouble() / DRAWS).shouldBeBetween(0.30, 0.37, 0.0)
            picks["m1"] shouldBe null
        }
    }

    @Test
    fun `a model whose attempts all failed is last and not explored`() {
        val figures = Figures(mapOf("m0" to ModelFigures(ModelStatistics(Performance(3, mapOf(FailureClass.TIMEOUT to 3))))))
        (1..50).forEach { order(selector, figures, seed = it, candidates = 2) shouldBe listOf("m1", "m0") }
    }

    private companion object {
        const val DRAWS = 3_000
    }
}

class LeastLoadedSelectorTest : SelectorContract {
    override val selector = LeastLoadedSelector

    override fun measured() = Figures(mapOf("m0" to ModelFigures(inFlight = 3), "m1" to ModelFigures(inFlight = 1)))

    @Test
    fun `the model with the fewest requests is first, in proportion to its weight`() {
        order(selector, measured(), seed = 1, candidates = 3) shouldBe listOf("m2", "m1", "m0")
        val weighted = selector.rank(SelectorContract.candidates(10.0, 1.0), SelectionContext(Random(1), measured()))
        weighted
            .first()
            .candidate.model.name shouldBe "m0"
        weighted.first().reason shouldBe "3 under way, weight 10.0"
    }

    @Test
    fun `equals are picked by chance`() {
        (1..50).map { order(selector, Figures(), seed = it, candidates = 2).first() }.toSet() shouldBe setOf("m0", "m1")
    }
}

class ThompsonSelectorTest : SelectorContract {
    override val selector = ThompsonSelector

    override fun measured() = Figures(mapOf("m0" to judged(5, 5), "m1" to judged(3, 1)))

    @Test
    fun `without verdicts every model is as likely`() {
        val wins = (1..DRAWS).count { order(selector, Figures(), seed = it, candidates = 2).first() == "m0" }
        (wins.toDouble() / DRAWS).shouldBeBetween(0.45, 0.55, 0.0)
    }

    @Test
    fun `what was judged well is picked, what is unknown is still tried`() {
        val figures = Figures(mapOf("m0" to judged(1, 20), "m1" to judged(20, 1)))
        val picks = (1..DRAWS).groupingBy { order(selector, figures, seed = it, candidates = 3).first() }.eachCount()
        withClue("picks $picks") {
            picks.getValue("m1") shouldBeGreaterThan DRAWS / 2
            picks.getValue("m2") shouldBeGreaterThan DRAWS / 50
            (picks["m0"] ?: 0) shouldBe 0
        }
    }

    private companion object {
        const val DRAWS = 2_000
    }
}
