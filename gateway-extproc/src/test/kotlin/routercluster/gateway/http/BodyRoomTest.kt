package routercluster.gateway.http

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class BodyRoomTest {
    private val room = BodyRoom()

    @Test
    fun `one request's bytes count for all, until it is closed`() {
        val first = room.hold(BYTES_MAX)
        val second = room.hold(BYTES_MAX)
        first.add(6) shouldBe true
        second.add(5) shouldBe false
        second.add(4) shouldBe true
        first.close()
        first.close()
        room.bytes shouldBe 4
        second.add(6) shouldBe true
    }

    @Test
    fun `what comes after the end of a request takes no room`() {
        val hold = room.hold(BYTES_MAX)
        hold.close()
        hold.add(1) shouldBe false
        room.bytes shouldBe 0
    }

    private companion object {
        const val BYTES_MAX = 10L
    }
}
