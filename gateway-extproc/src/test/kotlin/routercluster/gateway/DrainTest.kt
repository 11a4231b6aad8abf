package routercluster.gateway

import com.linecorp.armeria.client.grpc.GrpcClients
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponseWriter
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc
import io.grpc.health.v1.HealthCheckRequest
import io.grpc.health.v1.HealthCheckResponse.ServingStatus
import io.grpc.health.v1.HealthGrpc
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.gateway.upstream.streamed
import java.io.IOException
import java.net.ConnectException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

class DrainTest {
    private val writer = CompletableFuture<HttpResponseWriter>()

    /** A health check may ask for the server as a whole or, as the rendered Envoy configuration does, for the one service. */
    private val names = listOf("", ExternalProcessorGrpc.SERVICE_NAME).map { HealthCheckRequest.newBuilder().setService(it).build() }
    private val upstream = ScriptedUpstream({ streamed("one ") { writer.complete(this) } })

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
    fun `a stream that does not end is cut when the time is over`() {
        TestGateway(policyText(upstream.port, gateway = "{drain_timeout: 50ms}")).use { router ->
            val stream = router.stream("Hello").body()
            String(stream.readNBytes(4)) shouldBe "one "
            router.running.close()
            shouldThrow<IOException> { stream.readAllBytes() }
        }
    }
}
