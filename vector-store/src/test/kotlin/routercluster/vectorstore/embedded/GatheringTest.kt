package routercluster.vectorstore.embedded

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

/** Which segments are brought together where little changes, by the number of their entries. */
class GatheringTest {
    private fun together(vararg segments: Long) = Gathering.together(segments.toList(), 1_000) { it }

    @Test
    fun `all become one where they fit`() {
        together(5, 20, 300, 600) shouldBe listOf<Long>(5, 20, 300, 600)
    }

    @Test
    fun `a large one is left alone for a tenth of its entries, and the small ones become one`() {
        together(20, 30, 40, 900) shouldBe listOf<Long>(20, 30, 40)
        together(20, 30, 41, 900) shouldBe listOf<Long>(20, 30, 41, 900)
        together(90, 900) shouldBe emptyList()
    }

    @Test
    fun `none grows beyond its bound`() {
        together(200, 300, 500, 800) shouldBe listOf<Long>(200, 300, 500)
        together(200, 900, 1_000) shouldBe emptyList()
    }

    @Test
    fun `there is nothing to do for one, or for none`() {
        together(700) shouldBe emptyList()
        together() shouldBe emptyList()
        together(0, 0) shouldBe emptyList()
    }
}
