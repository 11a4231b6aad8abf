package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Rating
import kotlin.random.Random

class EloSelectorTest : SelectorContract {
    override val selector = EloSelector()

    override fun measured() = figures("m0" to known(good = 5.0, bad = 5.0), "m2" to known(good = 9.0, bad = 1.0))

    private val both = listOf(candidate("a", price = 1.0), candidate("b", price = 10.0))

    @Test
    fun `the score is the share of won games that the model of Bradley and Terry makes likeliest`() {
        val figures = figures("a" to known(good = 6.5, bad = 3.5), "b" to known(good = 8.5, bad = 1.5))
        val ranked = selector.rank(both, SelectionContext(Random(1), figures))
        ranked.map { it.candidate.model.name } shouldBe listOf("b", "a")
        ranked[0].score shouldBe (9.0 / 11 plusOrMinus 1e-9)
        ranked[1].score shouldBe (7.0 / 11 plusOrMinus 1e-9)
        ranked[1].parts.getValue("rating") shouldBe (1_597.2 plusOrMinus 0.1)
    }

    @Test
    fun `the priciest loses points by the scale of cost`() {
        val figures = figures("a" to known(good = 6.0, bad = 4.0), "b" to known(good = 7.0, bad = 3.0))
        EloSelector(costScaling = 0.0).names(both, figures) shouldBe listOf("b", "a")
        EloSelector(costScaling = 1.0).names(both, figures) shouldBe listOf("a", "b")
        val unpriced = both.take(1) + candidate("b")
        val ranked = EloSelector(costScaling = 1.0).rank(unpriced, SelectionContext(Random(1), figures))
        ranked
            .first()
            .candidate.model.name shouldBe "b"
        ranked.first().reason shouldContain "no price of b, so cost is left out"
    }

    @Test
    fun `a model with few verdicts is tried as often as by chance`() {
        val firsts = EloSelector(comparisonsMin = 3).firsts(both, figures("a" to known(good = 3.0), "b" to known(good = 2.0)), DRAWS)
        (firsts.getValue("b").toDouble() / DRAWS) shouldBe (0.5 plusOrMinus 0.05)
    }

    @Test
    fun `a model that beats another is rated above it, without any verdict`() {
        val rated = { logOdds: Double, games: Double -> ModelFigures(ModelStatistics(rating = Rating(logOdds, games))) }
        val figures = figures("a" to rated(-0.5, 12.0), "b" to rated(0.5, 12.0))
        val ranked = selector.rank(both, SelectionContext(Random(1), figures))
        ranked.map { it.candidate.model.name } shouldBe listOf("b", "a")
        ranked[0].score shouldBe (0.6225 plusOrMinus 1e-3)
        ranked[0].reason shouldContain "12.0 comparisons"
    }

    private companion object {
        const val DRAWS = 1_000
    }
}
