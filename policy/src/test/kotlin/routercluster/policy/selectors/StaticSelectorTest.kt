package routercluster.policy.selectors

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.random.Random

class StaticSelectorTest : SelectorContract {
    override val selector = StaticSelector

    @Test
    fun `the order of the file is kept`() {
        val candidates = SelectorContract.candidates(0.1, 0.9, 0.5)
        StaticSelector.rank(candidates, SelectionContext(Random(1))).map { it.candidate } shouldBe candidates
    }
}
