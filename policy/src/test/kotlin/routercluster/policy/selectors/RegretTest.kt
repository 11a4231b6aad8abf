package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class RegretTest {
    private val candidates = listOf(candidate("a"), candidate("b", quality = 0.5), candidate("c"))
    private val known = figures("a" to known(good = 8.0), "b" to known(good = 1.0, bad = 1.0))

    @Test
    fun `a pick loses what the best of those that are known has more`() {
        regretOf("a", candidates, known).shouldNotBeNull() shouldBe 0.0
        regretOf("b", candidates, known).shouldNotBeNull() shouldBe (0.4 plusOrMinus 1e-9)
    }

    @Test
    fun `of a pick of which nothing is known nothing is said`() {
        regretOf("c", candidates, known).shouldBeNull()
        regretOf("elsewhere", candidates, known).shouldBeNull()
    }
}
