package routercluster.policy.responses

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.seededCases

class EventDataTest {
    private val stream = ": hi\n\nevent: a\ndata: {\"x\":\"ä\"}\n\ndata:1\r\ndata: 2\r\n\r\ndata: [DONE]\n\ndata: late"

    @Test
    fun `events come out whole, however the bytes are cut`() {
        val bytes = stream.toByteArray()
        seededCases(50) { random ->
            val data = EventData()
            val told = ArrayList<String>()
            var at = 0
            while (at < bytes.size) {
                val end = minOf(bytes.size, at + random.nextInt(1, 8))
                told += data.take(bytes.copyOfRange(at, end))
                at = end
            }
            told shouldBe listOf("{\"x\":\"ä\"}", "1\n2")
        }
    }

    @Test
    fun `an event beyond the bound is refused`() {
        shouldThrow<EventTooLarge> { EventData(bytesMax = 10).take("data: 12345\n".toByteArray()) }
    }
}
