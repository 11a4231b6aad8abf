package routercluster.inference.text

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.random.Random

class WindowsTest {
    private val single = Frame(false, intArrayOf(2), IntArray(0), intArrayOf(3), FrameTypes(0, 0, ByteArray(0), byteArrayOf(0)))
    private val pair = Frame(true, intArrayOf(2), intArrayOf(3), intArrayOf(3), FrameTypes(0, 1, byteArrayOf(0), byteArrayOf(1)))

    @Test
    fun `a short text is one window, an empty one too`() {
        stretches(5, room = 10, overlap = 3) shouldContainExactly listOf(Stretch(0, 5, 5))
        stretches(0, room = 10, overlap = 3) shouldContainExactly listOf(Stretch(0, 0, 0))
    }

    @Test
    fun `the last window of a long text ends with it and is as long as the others`() {
        stretches(20, room = 10, overlap = 3) shouldContainExactly listOf(Stretch(0, 10, 10), Stretch(7, 17, 7), Stretch(10, 20, 3))
    }

    @Test
    fun `every token is in a window, and fresh in exactly one`() {
        val random = Random(SEED)
        repeat(1_000) {
            val (count, room, overlap) = Triple(random.nextInt(400), random.nextInt(1, 50), random.nextInt(60))
            val all = stretches(count, room, overlap)
            withClue("seed $SEED: $count tokens, room $room, overlap $overlap") {
                all.sumOf(Stretch::fresh) shouldBe count
                (0 until count).all { token -> all.any { token in it.from until it.until } } shouldBe true
                all.all { it.size <= room } shouldBe true
            }
        }
    }

    @Test
    fun `special tokens and types stand around one text`() {
        val window = WindowPlan(size = 8, pairSize = 8, overlap = 1, max = 4).lay(tokens(11, 12), single).single()
        window.ids.toList() shouldBe listOf(2, 11, 12, 3)
        window.types.toList() shouldBe listOf<Byte>(0, 0, 0, 0)
    }

    @Test
    fun `special tokens and types stand around two texts`() {
        val plan = WindowPlan(size = 8, pairSize = 8, overlap = 1, max = 4)
        val shares = plan.share(2, 1, pair)
        val window = plan.lay(tokens(11, 12), tokens(21), shares, pair).single()
        window.ids.toList() shouldBe listOf(2, 11, 12, 3, 21, 3)
        window.types.toList() shouldBe listOf<Byte>(0, 0, 0, 0, 1, 1)
        window.secondAt shouldBe 4
    }

    @Test
    fun `a long first text is read in parts beside a short second one, which stays whole`() {
        val plan = WindowPlan(size = 99, pairSize = 13, overlap = 2, max = 9)
        val shares = plan.share(20, 3, pair)
        shares.seconds shouldContainExactly listOf(Stretch(0, 3, 3))
        shares.firsts.sumOf(Stretch::fresh) shouldBe 20
    }

    @Test
    fun `two long texts make no more windows than the bound, and say how far they were read`() {
        val plan = WindowPlan(size = 99, pairSize = 13, overlap = 2, max = 6)
        val shares = plan.share(50, 50, pair)
        (shares.firsts.size * shares.seconds.size <= 6) shouldBe true
        (shares.firsts.last().until < 50 || shares.seconds.last().until < 50) shouldBe true
    }

    private companion object {
        const val SEED = 7
    }

    private fun tokens(vararg ids: Int) = Tokens(ids, IntArray(0), IntArray(0), 0)
}
