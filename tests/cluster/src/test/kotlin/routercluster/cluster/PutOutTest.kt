package routercluster.cluster

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfSystemProperty
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.cluster.fleet.Fleet
import routercluster.cluster.fleet.ServedCluster
import routercluster.cluster.fleet.servedPolicy
import routercluster.kit.LogsOnFailure
import routercluster.kit.process.NodeProcess
import routercluster.kit.process.RedisProcess
import java.net.Socket
import java.net.URI
import java.time.Duration

/** What becomes of a request that comes to the door of a node which the others have gone on without. */
@EnabledIfSystemProperty(named = "cluster.long", matches = "true", disabledReason = "takes minutes: ./router test -Dcluster.long=true")
class PutOutTest {
    private var written: () -> String = { "" }
    private val opened = mutableListOf<AutoCloseable>()

    @RegisterExtension
    val logs = LogsOnFailure("the nodes") { written() }

    @AfterEach
    fun close() = opened.asReversed().forEach(AutoCloseable::close)

    @Test
    fun `what it finds at its door when it goes on it does, and the other nodes know of it`() {
        val fleet = Fleet(3).also(opened::add)
        written = fleet::logs
        fleet.start()
        val conversations = List(CONVERSATIONS) { "c$it" }
        conversations.forEach { fleet.keepTurn(it, "before", door = 1).status shouldBe 200 }
        fleet.hold(1)
        fleet.nodes[0].awaitGivingUp()
        conversations.forEach { fleet.keepTurn(it, "meanwhile", door = 0).status shouldBe 200 }
        val asked = conversations.map { ask(fleet.nodes[1].door, "/turn/$it/late/10", "") }
        fleet.letGo(1)
        asked.forEach { answer(it) shouldStartWith "HTTP/1.1 200" }
        conversations.forEach { fleet.turns(it) shouldBe listOf("before", "meanwhile", "late") }
        fleet.nodes[1].endsWithin(END_MAX) shouldBe true
    }

    @Test
    fun `a router keeps the response that it makes then, and ends`() {
        val redis = RedisProcess.start().also(opened::add)
        val cluster = ServedCluster(List(3) { "all" }, policyText = { servedPolicy(it, redisPort = redis.port) }).also(opened::add)
        written = cluster::logs
        cluster.start()
        cluster.nodes[2].pause()
        cluster.nodes[0].awaitGivingUp()
        val asked = List(RESPONSES) { ask(cluster.nodes[2].door, "/v1/responses", """{"model":"auto","input":"Hello"}""") }
        cluster.nodes[2].resume()
        val answers = asked.map(::answer)
        answers.forEach { it shouldStartWith "HTTP/1.1 200" }
        cluster.nodes[2].endsWithin(END_MAX) shouldBe true
        answers.forEach {
            val id = json.readTree(it.substringAfter("\r\n\r\n")).path("id").textValue()
            cluster.client.send(id, 0, "/v1/responses/$id", null).status shouldBe 200
        }
    }

    private fun NodeProcess.awaitGivingUp() = await("a node is given up", GIVEN_UP_MAX) { Unit.takeIf { "SBR took decision" in log() } }

    /** The door's node being held, what is sent waits in its host's buffers when this returns. */
    private fun ask(door: URI, path: String, body: String): Socket {
        val socket = Socket(door.host, door.port)
        socket.soTimeout = ANSWER_MAX.toMillis().toInt()
        val head = listOf("POST $path HTTP/1.1", "Host: door", "Content-Type: application/json", "Connection: close")
        val request = head + "Content-Length: ${body.length}" + "" + body
        socket.getOutputStream().write(request.joinToString("\r\n").toByteArray())
        return socket
    }

    private fun answer(socket: Socket): String = socket.use { String(it.getInputStream().readAllBytes()) }

    private companion object {
        /** Some of which live on each node. */
        const val CONVERSATIONS = 12
        const val RESPONSES = 6
        val GIVEN_UP_MAX: Duration = Duration.ofSeconds(60)
        val ANSWER_MAX: Duration = Duration.ofSeconds(30)
        val END_MAX: Duration = Duration.ofSeconds(60)
        val json = ObjectMapper()
    }
}
