package routercluster.gateway

import com.linecorp.armeria.client.grpc.GrpcClients
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponseWriter
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc
import io.grpc.health.v1.HealthCheckRequest
import io.grpc.health.v1.HealthCheckResponse.ServingStatus
import io.grpc.health.v1.HealthGrpc
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryPolicyLog
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.upstream.streamed
import routercluster.gateway.versions.PolicySharing
import java.io.IOException
import java.net.ConnectException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

class DrainTest {
    private val writer = CompletableFuture<HttpResponseWriter>()

    /** A health check may ask for the server as a whole or, as the rendered Envoy configuration does, for the one service. */
    private val names = listOf("", ExternalProcessorGrpc.SERVICE_NAME).map { HealthCheckRequest.newBuilder().setService(it).build() }
    private val upstream = ScriptedUpstream({ streamed("one ") { writer.complete(this) } })

    private fun awaitNoPort(port: Int) {
        val limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS)
        while (runCatching { Socket("127.0.0.1", port).close() }.isSuccess) check(System.nanoTime() < limit) { "port $port is open" }
    }

    @Test
    fun `a running stream finishes, nothing new is let in, and everybody is told`() {
        TestGateway(policyText(upstream.port)).use { router ->
            val stream = router.stream("Hello").body()
            String(stream.readNBytes(4)) shouldBe "one "
            val health = GrpcClients.newClient(
                "gproto+http://127.0.0.1:${router.running.extProcPort}/",
                HealthGrpc.HealthBlockingStub::class.java,
            )
            for (name in names) health.check(name).status shouldBe ServingStatus.SERVING

            val closed = CompletableFuture.runAsync { router.running.close() }
            while (router.admin("/readyz").status == 200) Thread.onSpinWait()
            router.admin("/readyz").json["not_ready"].map { it.textValue() } shouldBe listOf("draining: this node is shutting down")
            router.get("/readyz").status shouldBe 503
            router.admin("/status").json["in_flight"].intValue() shouldBe 1
            router.admin("/healthz").status shouldBe 200
            val refused = router.chat("Hello")
            (refused.status to refused.code) shouldBe (503 to "draining")
            refused.header("retry-after") shouldBe "1"
            for (name in names) health.check(name).status shouldBe ServingStatus.NOT_SERVING
            closed.isDone shouldBe false

            writer.get(WAIT_SECONDS, TimeUnit.SECONDS).apply { write(HttpData.ofUtf8("two")) }.close()
            String(stream.readAllBytes()) shouldBe "two"
            closed.get(WAIT_SECONDS, TimeUnit.SECONDS)
            shouldThrow<ConnectException> { router.admin("/healthz") }
        }
    }

    @Test
    fun `a node that others stand in for takes what comes for a while, then closes its ports`() {
        val pauses = LinkedBlockingQueue<Duration>()
        val grace = CountDownLatch(1)
        val pause = { time: Duration ->
            pauses += time
            grace.await()
        }
        val text = policyText(upstream.port, gateway = "{drain_grace: 7s}")
        TestGateway(text, sharing = PolicySharing(MemoryPolicyLog(), "a"), pause = pause).use { router ->
            val stream = router.stream("Hello").body()
            String(stream.readNBytes(4)) shouldBe "one "
            router.get("/v1/models").header("connection") shouldBe null
            val closed = CompletableFuture.runAsync { router.running.close() }
            pauses.poll(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe Duration.ofSeconds(7)
            router.admin("/readyz").json["not_ready"].map { it.textValue() } shouldContain "draining: this node is shutting down"
            val late = router.get("/v1/models")
            (late.status to late.header("connection")) shouldBe (200 to "close")

            grace.countDown()
            awaitNoPort(router.running.port)
            awaitNoPort(router.running.extProcPort)
            router.admin("/status").json["in_flight"].intValue() shouldBe 1
            writer.get(WAIT_SECONDS, TimeUnit.SECONDS).apply { write(HttpData.ofUtf8("two")) }.close()
            String(stream.readAllBytes()) shouldBe "two"
            closed.get(WAIT_SECONDS, TimeUnit.SECONDS)
        }
    }

    @Test
    fun `a stream that does not end is cut when the time is over`() {
        TestGateway(policyText(upstream.port, gateway = "{drain_timeout: 50ms}")).use { router ->
            val stream = router.stream("Hello").body()
            String(stream.readNBytes(4)) shouldBe "one "
            router.running.close()
            shouldThrow<IOException> { stream.readAllBytes() }
        }
    }
}
