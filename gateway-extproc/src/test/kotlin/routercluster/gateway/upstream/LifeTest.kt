package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.util.EventLoopGroups
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.channels.Channel
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.Forwarding
import routercluster.policy.models.Reliability
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** Health checks, and what survives a reload of the policy. */
class LifeTest {
    private val open = ArrayList<AutoCloseable>()

    @AfterEach
    fun close() = open.asReversed().forEach { it.close() }

    /** One, since each event loop has connections of its own. */
    private val loops = EventLoopGroups.newEventLoopGroup(1, "life").also { open.add(AutoCloseable { it.shutdownGracefully() }) }
    private val pool = UpstreamPool(loops).also(open::add)
    private val once = Forwarding(attemptsMax = 1)

    @Test
    fun `two failed health checks make an upstream unfit, one that passed makes it fit`() {
        val checked = ScriptedUpstream(status(503), status(500), ok).also(open::add)
        val other = ScriptedUpstream().also(open::add)
        val reliability = Reliability(healthPath = "/health")
        val model = modelOf("a", keyed("a/1", checked.port, "k"), reliability = reliability)
        val next = modelOf("b", upstream("b/1", other.port))
        val checksDone = Channel<Long>()
        val nextCheck = Channel<Unit>()

        suspend fun pause(nanos: Long) {
            checksDone.send(nanos)
            nextCheck.receive()
        }
        val upstreams = pool.upstreams(listOf(model, next), once, Random(1), pause = ::pause).also(open::add)
        finishing {
            checksDone.receive()
            upstreams.health() shouldBe mapOf("a/1" to "fit", "b/1" to "fit")
            nextCheck.send(Unit)
            (checksDone.receive() in 10_000_000_000..11_000_000_000) shouldBe true
            upstreams.health()["a/1"] shouldBe "health check answered 500"
            upstreams.send(exchange(model, next)).attempts.told() shouldBe "b/1 200"
            upstreams.pick(listOf(model)).upstream.id shouldBe "a/1"
            nextCheck.send(Unit)
            checksDone.receive()
            upstreams.health()["a/1"] shouldBe "fit"
        }
        val request = checked.nextRequest()
        "${request.method()} ${request.path()} ${request.headers()["authorization"]}" shouldBe "GET /health Bearer k"
    }

    @Test
    fun `no healthy upstream is told where an unfit one fails as well`() {
        val model = modelOf("a", upstream("a/1", refusingPort()), reliability = Reliability(healthPath = "/health", retries = 0))
        val checksDone = Channel<Long>()
        val upstreams = pool.upstreams(listOf(model), once, Random(1), pause = { checksDone.send(it) }).also(open::add)
        finishing {
            repeat(2) { checksDone.receive() }
            upstreams.health() shouldBe mapOf("a/1" to "health check could not connect")
            val reply = upstreams.send(exchange(model)) as Reply.Failed
            "${reply.status} ${reply.code}: ${reply.message}" shouldBe "503 no_healthy_upstream: model a has no healthy upstream"
        }
    }

    @Test
    fun `what another sends goes to the first model with a fit upstream, where it may fall back`() {
        val model = modelOf("a", upstream("a/1", refusingPort()), reliability = Reliability(healthPath = "/health"))
        val next = modelOf("b", upstream("b/1", refusingPort()))
        val checksDone = Channel<Long>()
        val pause: suspend (Long) -> Unit = { checksDone.send(it) }
        val upstreams = pool.upstreams(listOf(model, next), once, Random(1), pause = pause).also(open::add)
        val strict = pool.upstreams(listOf(model, next), Forwarding(fallBackOn = emptySet()), Random(1), pause = pause).also(open::add)
        upstreams.pick(listOf(model, next)).upstream.id shouldBe "a/1"
        finishing { repeat(4) { checksDone.receive() } }
        upstreams.pick(listOf(model, next)).upstream.id shouldBe "b/1"
        upstreams.pick(listOf(model)).upstream.id shouldBe "a/1"
        strict.pick(listOf(model, next)).upstream.id shouldBe "a/1"
    }

    @Test
    fun `a reload keeps connections, ejections and running answers`() {
        val writer = CompletableFuture<HttpResponseWriter>()
        val server = ScriptedUpstream(*Array(20) { ok }, { streamed("one ") { writer.complete(this) } }).also(open::add)
        val alive = upstream("a/1", server.port)
        val dead = upstream("a/2", refusingPort())
        val reliability = Reliability(consecutiveFailures = 1, retries = 0)
        val before = pool.upstreams(listOf(modelOf("a", alive, dead, reliability = reliability)), once, Random(1), ticker = { 0 })
        val model = modelOf("a", alive, dead, reliability = reliability)
        finishing {
            while (before.health()["a/2"] == "fit") before.send(exchange(model, now = 0)).finish()
            repeat(20 - server.requests.size) { before.send(exchange(model, now = 0)).finish() }
            val ports = server.clientPorts.toSet()
            val running = before.send(exchange(model, now = 0)) as Reply.Served
            val after = pool.upstreams(listOf(model), once, Random(1), ticker = { 0 })
            before.close()
            after.health() shouldBe mapOf("a/1" to "fit", "a/2" to "ejected for 30 s more")
            repeat(20) { after.send(exchange(model, now = 0)).finish() }
            writer.get(WAIT_SECONDS, TimeUnit.SECONDS).run {
                write(HttpData.ofUtf8("two"))
                close()
            }
            running.body.text() shouldBe "one two"
            before.send(exchange(model, now = 0)).attempts.told() shouldBe "a/1 200"
            (ports.size <= 20) shouldBe true
            server.clientPorts.toSet().size shouldBe ports.size + 1
            server.clientPorts shouldContainAll ports
        }
    }

    private suspend fun Reply.finish() {
        if (this is Reply.Served) body.text()
    }
}
