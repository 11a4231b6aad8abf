package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import kotlin.random.Random

class AutomixSelectorTest : SelectorContract {
    override val selector = AutomixSelector()

    override fun measured() = figures("m0" to known(good = 5.0, bad = 5.0), "m2" to known(good = 9.0, bad = 1.0))

    private val small = candidate("small", quality = 0.6, price = 1.0)
    private val large = candidate("large", quality = 0.9, price = 10.0)

    @Test
    fun `the value is quality less cost and what a stronger model mends`() {
        val ranked = AutomixSelector(threshold = 0.7, escalationsMax = 1, tradeoff = 0.3, discount = 0.95)
            .rank(listOf(large, small), SelectionContext(Random(1)))
        ranked.map { it.candidate } shouldBe listOf(small, large)
        // 0.9 - 0.3 for the large one; the small one begins with 0.6 - 0.03.
        ranked[1].score shouldBe (0.6 plusOrMinus 1e-9)
        ranked[0].score shouldBe (0.57 + 0.4 * 0.95 * 0.6 plusOrMinus 1e-9)
        ranked[0].parts.getValue("escalation") shouldBe (0.228 plusOrMinus 1e-9)
    }

    @Test
    fun `an answer that is good enough is not doubted, and no step means none`() {
        val sure = AutomixSelector(threshold = 0.5, tradeoff = 0.0).rank(listOf(small, large), SelectionContext(Random(1)))
        sure.all { it.parts.getValue("escalation") == 0.0 } shouldBe true
        val single = AutomixSelector(escalationsMax = 0, tradeoff = 0.0)
        single.names(listOf(small, large)) shouldBe listOf("large", "small")
    }

    @Test
    fun `steps go on over several stronger models`() {
        val middle = candidate("middle", quality = 0.65, price = 1.0)

        fun escalation(steps: Int) =
            AutomixSelector(escalationsMax = steps, tradeoff = 0.0, discount = 1.0)
                .rank(listOf(small, middle, large), SelectionContext(Random(1)))
                .first { it.candidate == small }
                .parts
                .getValue("escalation")
        escalation(1) shouldBe (0.4 * 0.9 plusOrMinus 1e-9)
        escalation(2) shouldBe (0.4 * (0.65 + 0.35 * 0.9) plusOrMinus 1e-9)
    }

    @Test
    fun `unknown quality is tried, an unknown price leaves cost out`() {
        val firsts = selector.firsts(listOf(small, candidate("new", price = 1.0)), figures(), DRAWS)
        (firsts.getValue("new").toDouble() / DRAWS) shouldBe (0.5 plusOrMinus 0.05)
        val ranked = AutomixSelector(escalationsMax = 0).rank(listOf(small, candidate("large", quality = 0.9)), SelectionContext(Random(1)))
        ranked
            .first()
            .candidate.model.name shouldBe "large"
        ranked.first().reason shouldContain "no price of large"
    }

    private companion object {
        const val DRAWS = 1_000
    }
}
