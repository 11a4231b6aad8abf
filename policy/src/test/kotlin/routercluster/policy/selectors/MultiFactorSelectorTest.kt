package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import kotlin.random.Random

class MultiFactorSelectorTest : SelectorContract {
    override val selector = MultiFactorSelector()

    override fun measured() = figures("m0" to known(answers = 5), "m1" to known(200, 20, answers = 5, good = 3.0))

    private val small = candidate("small", quality = 0.6, price = 1.0)
    private val large = candidate("large", quality = 0.9, price = 4.0)

    private fun first(selector: Selector, vararg models: Pair<String, routercluster.policy.outcomes.ModelFigures>) =
        selector.rank(listOf(small, large), SelectionContext(Random(1), figures(*models))).first()

    @Test
    fun `each factor alone decides by its weight`() {
        val rows =
            listOf(
                FactorWeights(1.0, 0.0, 0.0, 0.0) to "large",
                FactorWeights(0.0, 1.0, 0.0, 0.0) to "large",
                FactorWeights(0.0, 0.0, 1.0, 0.0) to "small",
                FactorWeights(0.0, 0.0, 0.0, 1.0) to "small",
            )
        for ((weights, name) in rows) {
            withClue(weights) {
                val first =
                    first(
                        MultiFactorSelector(weights),
                        "small" to known(300, 30, answers = 3),
                        "large" to known(100, 10, answers = 3, inFlight = 2),
                    )
                first.candidate.model.name shouldBe name
                first.propensity shouldBe 1.0
            }
        }
    }

    @Test
    fun `the score is the weighted mean of factors in proportion to the best`() {
        val selector = MultiFactorSelector(FactorWeights(0.5, 0.25, 0.25, 0.0))
        val ranked = selector.rank(
            listOf(small, large),
            SelectionContext(Random(1), figures("small" to known(200, 10, answers = 3), "large" to known(100, 10, answers = 3))),
        )
        val parts = ranked.first { it.candidate == small }.parts
        parts.getValue("quality") shouldBe (0.6 / 0.9 plusOrMinus 1e-9)
        // Half as quick to begin, as quick from there on; bins are right to two percent.
        parts.getValue("latency") shouldBe (0.75 plusOrMinus 0.03)
        parts.getValue("cost") shouldBe 1.0
        val expected = 0.5 * parts.getValue("quality") + 0.25 * parts.getValue("latency") + 0.25
        ranked.first { it.candidate == small }.score shouldBe (expected plusOrMinus 1e-9)
        ranked.first { it.candidate == small }.reason shouldContain "card 0.6, 0.0 good and 0.0 bad verdicts, first token p95"
    }

    @Test
    fun `a factor that nobody knows is left out, one that some do not know makes them tried`() {
        val plain = listOf(candidate("a"), candidate("b"))
        MultiFactorSelector().names(plain, figures("a" to known(inFlight = 1))) shouldBe listOf("b", "a")
        val weights = FactorWeights(0.0, 1.0, 0.0, 0.0)
        val firsts = MultiFactorSelector(weights).firsts(plain, figures("a" to known(answers = 3)), DRAWS)
        (firsts.getValue("b").toDouble() / DRAWS) shouldBe (0.5 plusOrMinus 0.05)
        val judged = MultiFactorSelector(FactorWeights(1.0, 0.0, 0.0, 0.0)).rank(
            plain,
            SelectionContext(Random(2), figures("a" to known(good = 2.0))),
        )
        judged.first { it.candidate.model.name == "b" }.reason shouldContain Quality.UNKNOWN
    }

    @Test
    fun `a price that is not known of all is left out`() {
        val ranked = MultiFactorSelector(FactorWeights(0.5, 0.0, 0.5, 0.0)).rank(
            listOf(candidate("cheap", quality = 0.5, price = 1.0), candidate("unpriced", quality = 0.6)),
            SelectionContext(Random(1)),
        )
        ranked
            .first()
            .candidate.model.name shouldBe "unpriced"
        ranked.first().parts.keys shouldBe setOf("quality")
    }

    @Test
    fun `what is beyond a bound comes behind, and says by how much`() {
        val figures = figures("small" to known(900, 90, answers = 3, inFlight = 9), "large" to known(100, 10, answers = 3))
        val rows =
            listOf(
                ServiceLevels(perTokenMillisMax = 50.0) to "ms a token, at most 50.0",
                ServiceLevels(firstByteMillisMax = 500.0) to "first token in",
                ServiceLevels(inFlightMax = 8) to "9 under way, at most 8",
            )
        for ((bounds, reason) in rows) {
            val ranked = MultiFactorSelector(FactorWeights(0.0, 0.0, 1.0, 0.0), bounds)
                .rank(listOf(small, large), SelectionContext(Random(1), figures))
            withClue(bounds) {
                ranked.map { it.candidate.model.name } shouldBe listOf("large", "small")
                ranked.last().reason shouldContain reason
            }
        }
        val dear = MultiFactorSelector(bounds = ServiceLevels(costPerMillionMax = 2.0))
        dear.names(listOf(large, small), figures) shouldBe listOf("small", "large")
    }

    @Test
    fun `where all are beyond the bounds, the policy says what happens`() {
        val bounds = ServiceLevels(costPerMillionMax = 0.5)
        val both = listOf(large, small)
        MultiFactorSelector(bounds = bounds).names(both) shouldBe listOf("small", "large")
        MultiFactorSelector(bounds = bounds, noneWithin = NoneWithin.FIRST).names(both) shouldBe listOf("large", "small")
        val failing = MultiFactorSelector(bounds = bounds, noneWithin = NoneWithin.FAIL).rank(both, SelectionContext(Random(1)))
        failing.all { it.isBarred } shouldBe true
        failing.first().reason shouldContain "no candidate is within the bounds"
    }

    @Test
    fun `a model whose attempts all failed is last`() {
        MultiFactorSelector().names(listOf(small, large), figures("small" to known(failed = 3))) shouldBe listOf("large", "small")
    }

    private companion object {
        const val DRAWS = 1_000
    }
}
