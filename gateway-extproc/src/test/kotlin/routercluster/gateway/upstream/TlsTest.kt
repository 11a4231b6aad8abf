package routercluster.gateway.upstream

import com.linecorp.armeria.common.CommonPools
import com.linecorp.armeria.common.HttpResponse
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.Forwarding
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

/** The same over TLS, where streams share an HTTP/2 connection. */
class TlsTest {
    private val open = ArrayList<AutoCloseable>()

    @AfterEach
    fun close() = open.asReversed().forEach { it.close() }

    private fun model(server: ScriptedUpstream) =
        Model("a", listOf(Upstream("a/1", tls = true, host = "localhost", port = server.port, model = "served")))

    private fun upstreams(model: Model, trusting: Boolean = true): Upstreams {
        val pool = UpstreamPool(CommonPools.workerGroup()) { if (trusting) it.tlsNoVerify() }.also(open::add)
        return pool.upstreams(listOf(model), Forwarding(), Random(1), pause = {}).also(open::add)
    }

    @Test
    fun `an answer, a death before the first byte and a cut`() {
        val server = ScriptedUpstream(ok, headersThenCut, ok, chunkThenCut, tls = true).also(open::add)
        val model = model(server)
        val upstreams = upstreams(model)
        finishing {
            val first = upstreams.send(exchange(model)) as Reply.Served
            first.body.text() shouldBe "ok"
            val second = upstreams.send(exchange(model)) as Reply.Served
            second.body.text() shouldBe "ok"
            second.attempts.told() shouldBe "a/1 200 CONNECT, a/1 200"
            val third = upstreams.send(exchange(model)) as Reply.Served
            shouldThrow<UpstreamStreamFailure> { third.body.text() }.code shouldBe "upstream_stream_cut"
        }
    }

    @Test
    fun `cancelling resets the stream`() {
        val asked = CompletableFuture<Unit>()
        val gone = CompletableFuture<Unit>()
        val waiting: Answer = {
            HttpResponse.streaming().also { writer ->
                writer.whenComplete().whenComplete { _, _ -> gone.complete(Unit) }
                asked.complete(Unit)
            }
        }
        val model = model(ScriptedUpstream(waiting, tls = true).also(open::add))
        val upstreams = upstreams(model)
        val client = CoroutineScope(Dispatchers.Default)
        client.launch { upstreams.send(exchange(model)) }
        asked.get(WAIT_SECONDS, TimeUnit.SECONDS)
        client.cancel()
        gone.get(WAIT_SECONDS, TimeUnit.SECONDS)
    }

    @Test
    fun `a certificate that nobody vouches for is not accepted`() {
        val model = model(ScriptedUpstream(tls = true).also(open::add))
        val reply = finishing { upstreams(model, trusting = false).send(exchange(model)) } as Reply.Failed
        reply.code shouldBe "upstream_unavailable"
    }
}
