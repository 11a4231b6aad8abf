package routercluster.kit.load

import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.net.ServerSocket
import java.net.URI
import java.time.Duration

class LoadTest {
    @Test
    fun `it records what came of every request`() {
        Load(clients = 2) { client, count -> exchange("$client-$count", status = if (count == 1) 503 else 200) }.use { load ->
            load.awaitAcknowledged(10, Duration.ofSeconds(20))
            val all = load.stop()
            all.count { it.status == 503 } shouldBe 2
            all.map { it.label }.toSet().size shouldBe all.size
        }
    }

    @Test
    fun `the window of failures begins with the fault and ends with the last`() {
        val all =
            listOf(
                exchange("a", 200, sent = 0, took = 10),
                exchange("b", 503, sent = 20, took = 5),
                exchange("c", null, sent = 30, took = 20),
                exchange("d", 200, sent = 60, took = 5),
            )
        all.failureWindow(faultNanos = 15) shouldBe Duration.ofNanos(35)
        all.take(1).failureWindow(faultNanos = 15) shouldBe Duration.ZERO
    }

    @Test
    fun `where no door opens it is told so at once`() {
        val closed = ServerSocket(0).use { URI("http://127.0.0.1:${it.localPort}") }
        val exchange = DoorClient({ listOf(closed, closed) }).send("a", 1, "/", "{}")
        exchange.isAcknowledged shouldBe false
        exchange.tookNanos shouldBeLessThan Duration.ofSeconds(20).toNanos()
    }

    private fun exchange(label: String, status: Int?, sent: Long = 0, took: Long = 0) = Exchange(label, sent, took, status, "")
}
