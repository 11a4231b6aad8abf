package routercluster.vectorstore

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.apache.lucene.util.VectorUtil
import org.junit.jupiter.api.Test
import routercluster.vectorstore.embedded.SevenBitProduct
import java.util.SplittableRandom

class SevenBitProductTest {
    private val random = SplittableRandom(3)

    private fun check(a: ByteArray, b: ByteArray) = withClue("length ${a.size}") {
        SevenBitProduct(a).with(b) shouldBe
            VectorUtil.dotProduct(a, b)
    }

    @Test
    fun `gives the product that Lucene gives, at every length`() {
        for (length in 1..400) {
            check(numbers(length), numbers(length))
        }
    }

    @Test
    fun `nothing is carried over at the bounds`() {
        for (length in listOf(8, 384, 4_096)) {
            val most = ByteArray(length) { 127 }
            check(most, most)
            check(most, ByteArray(length))
            check(most, ByteArray(length) { if (it % 2 == 0) 127 else 0 })
        }
    }

    private fun numbers(length: Int) = ByteArray(length) { random.nextInt(128).toByte() }
}
