package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import java.time.Duration
import kotlin.random.Random

class ConstrainedSelectorTest : SelectorContract {
    override val selector = ConstrainedSelector(ThompsonSelector, Constraints(ServiceLevels(inFlightMax = 3)))

    override fun measured() = figures("m0" to known(good = 3.0, bad = 1.0, inFlight = 9), "m1" to known(good = 1.0, bad = 1.0))

    private val small = candidate("small", price = 1.0)
    private val large = candidate("large", price = 10.0)

    private fun rank(
        constraints: Constraints,
        measured: Figures = Figures(),
        traits: Traits = Traits(promptTokens = 1_000),
        inner: Selector = StaticSelector,
    ) = ConstrainedSelector(inner, constraints).rank(listOf(large, small), SelectionContext(Random(1), measured, traits))

    private fun List<Ranked>.names() = map { it.candidate.model.name }

    /** [answers] of so many tokens each. */
    private fun answered(tokens: Long, answers: Int, firstByteMillis: Long = 100): ModelFigures {
        val one = Performance(
            attempts = 1,
            firstByte = LatencySketch.of(Duration.ofMillis(firstByteMillis)),
            total = LatencySketch.of(Duration.ofMillis(900)),
            completionTokens = tokens,
        )
        return ModelFigures(ModelStatistics((1..answers).fold(Performance.NONE) { sum, _ -> sum + one }), 0)
    }

    @Test
    fun `a request that would cost more than it may goes to another model, with the reason`() {
        // 1,000 tokens at 10 a million are 0.01.
        val ranked = rank(Constraints(costMax = 0.005))
        ranked.names() shouldBe listOf("small", "large")
        ranked[1].reason shouldBe "passed over: would cost about 0.01, at most 0.005 a request"
        ranked.map { it.propensity } shouldBe listOf(1.0, 0.0)
        rank(Constraints(costMax = 0.02)).names() shouldBe listOf("large", "small")
    }

    @Test
    fun `the answer is reckoned as long as this model's answers are`() {
        val constraints = Constraints(costMax = 0.02)
        val traits = Traits(promptTokens = 1_000)
        rank(constraints, figures("large" to answered(4_000, answers = 3))).names() shouldBe listOf("small", "large")
        rank(constraints, figures("large" to answered(4_000, answers = 2))).names() shouldBe listOf("large", "small")
        val performance = answered(500, answers = 4).statistics?.performance ?: Performance.NONE
        estimatedCost(large, performance, traits) shouldBe (0.015 plusOrMinus 1e-12)
        estimatedCost(candidate("free"), performance, traits).shouldBeNull()
        estimatedCost(large, performance, Traits()).shouldBeNull()
    }

    @Test
    fun `what is left of the caller's budget bounds the request`() {
        val constraints = Constraints(isWithinBudget = true)
        val poor = Traits(promptTokens = 1_000, moneyLeft = 0.003)
        rank(constraints, traits = poor).run {
            names() shouldBe listOf("small", "large")
            last().reason shouldContain "0.003 is left of the caller's budget"
        }
        rank(constraints, traits = Traits(promptTokens = 1_000)).names() shouldBe listOf("large", "small")
        rank(Constraints(costMax = 1.0), traits = poor).names() shouldBe listOf("large", "small")
        ConstrainedSelector(StaticSelector, constraints).needs shouldBe setOf(Need.PROMPT_TOKENS, Need.BUDGET)
        ConstrainedSelector(StaticSelector, Constraints()).needs shouldBe emptySet()
    }

    @Test
    fun `times, price, load and quality hold for any selector`() {
        val slow = figures("large" to known(firstByteMillis = 900, perTokenMillis = 80, answers = 5, good = 2.0, bad = 60.0, inFlight = 7))
        val rows = listOf(
            Constraints(ServiceLevels(firstByteMillisMax = 500.0)) to "first token in",
            Constraints(ServiceLevels(perTokenMillisMax = 50.0)) to "ms a token, at most 50.0",
            Constraints(ServiceLevels(costPerMillionMax = 5.0)) to "costs 10.0 a million tokens",
            Constraints(ServiceLevels(inFlightMax = 6)) to "7 under way",
            Constraints(qualityFloor = 0.5) to "below the floor of 0.5",
        )
        for ((constraints, reason) in rows) {
            for (inner in listOf(StaticSelector, ThompsonSelector, EloSelector(), RlDrivenSelector())) {
                withClue("$reason, $inner") {
                    val ranked = rank(constraints, slow, inner = inner)
                    ranked.names() shouldBe listOf("small", "large")
                    ranked.last().reason shouldContain reason
                }
            }
        }
    }

    @Test
    fun `where all break one the documented fall-back decides`() {
        val none = Constraints(costMax = 0.0001)
        val times = figures("large" to answered(0, 3, firstByteMillis = 50), "small" to answered(0, 3, firstByteMillis = 400))
        rank(none, times).names() shouldBe listOf("small", "large")
        rank(none.copy(noneWithin = NoneWithin.FASTEST), times).names() shouldBe listOf("large", "small")
        rank(none.copy(noneWithin = NoneWithin.FIRST), times).names() shouldBe listOf("large", "small")
        val refused = rank(none.copy(noneWithin = NoneWithin.FAIL), times)
        refused.all { it.isBarred } shouldBe true
        refused.first().reason shouldContain "no candidate keeps the constraints"
        ConstrainedSelector(StaticSelector, none.copy(noneWithin = NoneWithin.FAIL)).refuses shouldBe true
        rank(none, times).none { it.isBarred } shouldBe true
    }

    @Test
    fun `a model whose provider holds state is never passed over`() {
        val bound = Traits(promptTokens = 1_000, session = SessionFacts(1, "large", isBound = true))
        rank(Constraints(costMax = 0.005), traits = bound).names() shouldBe listOf("large", "small")
    }

    @Test
    fun `chances are those of the selector inside`() {
        val candidates = SelectorContract.candidates(0.2, 0.4, 0.4)
        val context = SelectionContext(Random(1), measured(), traits())
        val chances = selector.chances(candidates, context)
        chances[0] shouldBe 0.0
        chances.sum() shouldBe (1.0 plusOrMinus 1e-9)
    }
}
