package routercluster.grains.inference

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.time.Duration

class CircuitTest {
    private val circuit = Circuit(CircuitSettings(failuresMax = 3, pauseMin = Duration.ofSeconds(1), pauseMax = Duration.ofSeconds(5)))

    @Test
    fun `a success starts the count anew`() {
        repeat(10) {
            fail(0)
            fail(0)
            circuit.succeeded()
        }
        circuit.allows(0) shouldBe true
    }

    @Test
    fun `pauses grow up to their bound, and after each one request may try`() {
        repeat(3) { fail(0) }
        var now = 0L
        for (pause in listOf(1, 2, 4, 5, 5)) {
            circuit.allows(now + seconds(pause) - 1) shouldBe false
            now += seconds(pause)
            circuit.allows(now) shouldBe true
            circuit.sent()
            circuit.allows(now) shouldBe false
            circuit.failed(now)
        }
    }

    @Test
    fun `what was under way when it broke does not prolong the pause`() {
        repeat(20) { circuit.sent() }
        repeat(20) { circuit.failed(0) }
        circuit.allows(seconds(1)) shouldBe true
    }

    @Test
    fun `a success after a pause closes it`() {
        repeat(3) { fail(0) }
        circuit.sent()
        circuit.succeeded()
        circuit.allows(0) shouldBe true
        repeat(3) { fail(0) }
        circuit.allows(seconds(1)) shouldBe true
    }

    private fun fail(now: Long) {
        circuit.sent()
        circuit.failed(now)
    }

    private fun seconds(count: Int) = Duration.ofSeconds(count.toLong()).toNanos()
}
