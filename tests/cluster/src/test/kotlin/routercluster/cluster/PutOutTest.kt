package routercluster.cluster

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.cluster.fleet.Fleet
import routercluster.kit.LogsOnFailure
import java.net.Socket
import java.net.URI
import java.time.Duration

/** What becomes of a request that comes to the door of a node which the others have gone on without. */
class PutOutTest {
    private var fleet: Fleet? = null

    @RegisterExtension
    val logs = LogsOnFailure("the fleet") { fleet?.logs().orEmpty() }

    @Test
    fun `what it finds at its door when it goes on it does, and the other nodes know of it`() {
        Fleet(3).use { fleet ->
            this.fleet = fleet
            fleet.start()
            val conversations = List(CONVERSATIONS) { "c$it" }
            conversations.forEach { fleet.keepTurn(it, "before", door = 1).status shouldBe 200 }
            fleet.hold(1)
            fleet.nodes[0].await("node 1 is given up", GIVEN_UP_MAX) { Unit.takeIf { "SplitBrainResolver" in fleet.nodes[0].log() } }
            conversations.forEach { fleet.keepTurn(it, "meanwhile", door = 0).status shouldBe 200 }
            val asked = conversations.map { ask(fleet.nodes[1].door, "/turn/$it/late/10") }
            fleet.letGo(1)
            asked.forEach { answer(it) shouldStartWith "HTTP/1.1 200" }
            conversations.forEach { fleet.turns(it) shouldBe listOf("before", "meanwhile", "late") }
            fleet.nodes[1].endsWithin(END_MAX) shouldBe true
        }
    }

    /** The door's node being held, what is sent waits in its host's buffers when this returns. */
    private fun ask(door: URI, path: String): Socket {
        val socket = Socket(door.host, door.port)
        socket.soTimeout = ANSWER_MAX.toMillis().toInt()
        socket.getOutputStream().write("POST $path HTTP/1.1\r\nHost: door\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".toByteArray())
        return socket
    }

    private fun answer(socket: Socket): String = socket.use { String(it.getInputStream().readAllBytes()) }

    private companion object {
        /** Some of which live on each node. */
        const val CONVERSATIONS = 12
        val GIVEN_UP_MAX: Duration = Duration.ofSeconds(60)
        val ANSWER_MAX: Duration = Duration.ofSeconds(30)
        val END_MAX: Duration = Duration.ofSeconds(60)
    }
}
