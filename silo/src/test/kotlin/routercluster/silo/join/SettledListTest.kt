package routercluster.silo.join

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.net.InetAddress
import java.time.Duration

class SettledListTest {
    private val seeds = SettledList(Duration.ofSeconds(5))

    private fun seen(second: Int, vararg addresses: String) =
        seeds.seen(addresses.map(InetAddress::getByName), second * 1_000_000_000L)?.map { it.hostAddress }

    @Test
    fun `a list counts once, when it has stood for the margin, the lowest first`() {
        seen(0, "10.0.0.9", "10.0.0.10") shouldBe null
        seen(4, "10.0.0.10", "10.0.0.9") shouldBe null
        seen(5, "10.0.0.10", "10.0.0.9", "10.0.0.9") shouldBe listOf("10.0.0.9", "10.0.0.10")
        seen(6, "10.0.0.9", "10.0.0.10") shouldBe null
    }

    @Test
    fun `addresses are compared as numbers without a sign`() {
        seen(0, "200.0.0.1", "10.0.0.1")
        seen(5, "200.0.0.1", "10.0.0.1") shouldBe listOf("10.0.0.1", "200.0.0.1")
    }

    @Test
    fun `a change begins anew, and nothing is not a list`() {
        seen(0, "10.0.0.1") shouldBe null
        seen(3, "10.0.0.1", "10.0.0.2") shouldBe null
        seen(6, "10.0.0.1", "10.0.0.2") shouldBe null
        seen(8, "10.0.0.1", "10.0.0.2") shouldBe listOf("10.0.0.1", "10.0.0.2")
        seen(9) shouldBe null
        seen(20) shouldBe null
        seen(21, "10.0.0.1", "10.0.0.2") shouldBe null
        seen(26, "10.0.0.1", "10.0.0.2") shouldBe listOf("10.0.0.1", "10.0.0.2")
    }
}
