package routercluster.cluster

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.cluster.fleet.Fleet

/** What the others see of a node whose process is told to end. */
class LeavingTest {
    @Test
    fun `it leaves in order, and nobody takes it for one that died`() {
        Fleet(2).use { fleet ->
            fleet.start()
            fleet.nodes[1].stop()
            // About half of them would have lived there.
            repeat(CONVERSATIONS) { fleet.keepTurn("c$it", "t", door = 0).status shouldBe 200 }
            fleet.nodes[0].log() shouldNotContain "SplitBrainResolver"
        }
    }

    private companion object {
        const val CONVERSATIONS = 20
    }
}
