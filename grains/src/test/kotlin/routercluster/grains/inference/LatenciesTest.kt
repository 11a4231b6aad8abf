package routercluster.grains.inference

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class LatenciesTest {
    private val latencies = Latencies()

    @Test
    fun `nothing is usual before eight answers`() {
        repeat(7) { latencies.add(100, 5) }
        latencies.usual(100) shouldBe null
        latencies.add(100, 5)
        latencies.usual(100) shouldBe 5
    }

    @Test
    fun `one answer in a hundred changes nothing, the newest count`() {
        repeat(63) { latencies.add(100, 5) }
        latencies.add(100, 1_000_000)
        latencies.usual(100) shouldBe 5
        repeat(64) { latencies.add(100, 7) }
        latencies.usual(100) shouldBe 7
    }

    @Test
    fun `long texts are compared with long ones`() {
        repeat(8) {
            latencies.add(1_000, 5)
            latencies.add(100_000, 500)
        }
        latencies.usual(1_000) shouldBe 5
        latencies.usual(100_000) shouldBe 500
        latencies.usual(2_000_000) shouldBe null
        latencies.usual(0) shouldBe null
    }
}
