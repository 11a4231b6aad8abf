package routercluster.policy.selectors

import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class RlDrivenSelectorTest : SelectorContract {
    override val selector = RlDrivenSelector(samples = false)

    override fun measured() = figures("m0" to known(good = 5.0, bad = 5.0), "m1" to known(good = 3.0))

    private val both = listOf(candidate("a", price = 1.0), candidate("b", price = 10.0))

    private fun share(selector: Selector, name: String, vararg models: Pair<String, routercluster.policy.outcomes.ModelFigures>) =
        (selector.firsts(both, figures(*models), DRAWS)[name] ?: 0).toDouble() / DRAWS

    @Test
    fun `explores less the more verdicts there are, and never less than the least`() {
        val early = share(RlDrivenSelector(0.4, 0.99, 0.1, samples = false), "a", "b" to known(good = 1.0))
        val late = share(RlDrivenSelector(0.4, 0.99, 0.1, samples = false), "a", "b" to known(good = 1_000.0))
        early shouldBe (0.2 plusOrMinus 0.03)
        late shouldBe (0.05 plusOrMinus 0.02)
        share(RlDrivenSelector(0.0, 0.99, 0.0), "a", "b" to known(good = 1.0)) shouldBe 0.0
    }

    @Test
    fun `with draws what may be the best is tried more often than what hardly can`() {
        val selector = RlDrivenSelector(explorationRate = 1.0, explorationDecay = 1.0)
        share(selector, "a", "b" to known(good = 3.0, bad = 2.0)) shouldBeGreaterThan 0.2
        share(selector, "a", "a" to known(good = 1.0, bad = 50.0), "b" to known(good = 30.0, bad = 20.0)) shouldBeLessThan 0.02
    }

    @Test
    fun `the card counts as two verdicts and cost as its weight`() {
        val never = RlDrivenSelector(explorationRate = 0.0, explorationMin = 0.0)
        never.names(listOf(candidate("a", quality = 0.4), candidate("b", quality = 0.8))) shouldBe listOf("b", "a")
        val figures = figures("a" to known(good = 5.0, bad = 5.0), "b" to known(good = 6.0, bad = 4.0))
        never.names(both, figures) shouldBe listOf("b", "a")
        never.copy(costWeight = 0.2).names(both, figures) shouldBe listOf("a", "b")
    }

    private companion object {
        const val DRAWS = 2_000
    }
}

class RlDrivenSamplingTest : SelectorContract {
    override val selector = RlDrivenSelector(explorationRate = 0.5)

    override fun measured() = figures("m0" to known(good = 5.0, bad = 5.0), "m1" to known(good = 3.0))
}
