package routercluster.gateway.extproc

import com.google.protobuf.ByteString
import com.linecorp.armeria.client.grpc.GrpcClients
import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.healthcheck.SettableHealthChecker
import io.envoyproxy.envoy.config.core.v3.HeaderMap
import io.envoyproxy.envoy.config.core.v3.HeaderValue
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration
import io.grpc.Status
import io.grpc.StatusRuntimeException
import io.grpc.health.v1.HealthCheckRequest
import io.grpc.health.v1.HealthCheckResponse.ServingStatus
import io.grpc.health.v1.HealthGrpc
import io.grpc.stub.StreamObserver
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.http.BodyHold
import routercluster.gateway.http.BodyRoom
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.Door
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit

/** The gRPC service over a real connection. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExtProcServiceTest {
    private val ready = SettableHealthChecker(true)
    private val observed = LinkedBlockingQueue<String>()
    private val deciders = LinkedBlockingQueue<String>()
    private val bodies = BodyRoom()

    /** The plan for requests to a path of its own. */
    @Volatile
    private var later = CompletableFuture<DoorPlan>()
    private val server =
        Server
            .builder()
            .http(0)
            .service(extProcService(EchoDoor(), ExtProcLimits(bodyBytesMax = 4 * 1024 * 1024), ready))
            .build()
    private val address get() = "gproto+h2c://127.0.0.1:${server.activeLocalPort()}"

    @BeforeAll
    fun start() {
        server.start().join()
    }

    @AfterAll
    fun stop() {
        server.stop().join()
    }

    @Test
    fun `takes a body of very many small chunks`() {
        val stream = Client()
        stream.send(headers("/v1/x"))
        repeat(SMALL_CHUNKS) { stream.send(body("a", end = false)) }
        stream.send(body("!", end = true))
        stream.next().hasRequestHeaders() shouldBe true
        stream
            .next()
            .requestBody.response.bodyMutation.streamedResponse.body
            .size() shouldBe SMALL_CHUNKS + 1
        stream.close()
    }

    @Test
    fun `decides a large body off the event loop and a small one on it`() {
        for ((size, place) in listOf(100 to "armeria-common-worker", 300 * 1024 to "armeria-common-blocking")) {
            deciders.clear()
            val stream = Client()
            stream.send(headers("/v1/x"))
            stream.send(body("a".repeat(size), end = true))
            stream.next().hasRequestHeaders() shouldBe true
            generateSequence {
                stream
                    .next()
                    .requestBody.response.bodyMutation.streamedResponse
            }.first { it.endOfStream }
            deciders.poll(WAIT_SECONDS, TimeUnit.SECONDS) shouldStartWith place
            stream.close()
        }
    }

    @Test
    fun `refuses a body that there is no room for, and takes the next`() {
        val half = "a".repeat((BODY_BYTES_IN_FLIGHT_MAX / 2).toInt())
        val first = Client()
        first.send(headers("/v1/x"))
        first.send(body(half, end = true))
        first.next().hasRequestHeaders() shouldBe true
        val second = Client()
        second.send(headers("/v1/x"))
        second.send(body(half + "a", end = true))
        second
            .next()
            .immediateResponse.status.codeValue shouldBe 429
        first.close()
        bodies.bytes shouldBe 0
        val third = Client()
        third.send(headers("/v1/x"))
        third.send(body(half + "a", end = true))
        third.next().hasRequestHeaders() shouldBe true
        third.close()
    }

    @Test
    fun `tells the observer when Envoy leaves before the answer`() {
        val stream = observedStream()
        stream.close()
        observed.poll(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe "aborted"
    }

    @Test
    fun `ends the stream itself when the answer is through`() {
        val stream = observedStream()
        stream.send(ProcessingRequest.newBuilder().setResponseHeaders(HttpHeaders.getDefaultInstance()).build())
        val answer = HttpBody.newBuilder().setBody(ByteString.copyFromUtf8("y")).setEndOfStream(true)
        stream.send(ProcessingRequest.newBuilder().setResponseBody(answer).build())
        stream.next().hasResponseHeaders() shouldBe true
        stream.next().hasResponseBody() shouldBe true
        stream.done.get(WAIT_SECONDS, TimeUnit.SECONDS)
        List(3) { observed.poll(WAIT_SECONDS, TimeUnit.SECONDS) } shouldBe listOf("headers", "chunk", "end")
    }

    @Test
    fun `waits for a plan that comes later`() {
        later = CompletableFuture()
        val stream = Client()
        stream.send(headers("/later"))
        stream.send(body("x", end = true))
        later.complete(DoorPlan.Answer(200, emptyList(), "late".toByteArray()))
        stream
            .next()
            .immediateResponse.body
            .toStringUtf8() shouldBe "late"
        stream.close()
    }

    @Test
    fun `a plan that nobody waits for any more is cancelled`() {
        later = CompletableFuture()
        val cancelled = CompletableFuture<Boolean>()
        later.whenComplete { _, _ -> cancelled.complete(later.isCancelled) }
        val stream = Client()
        stream.send(headers("/later"))
        stream.send(body("x", end = true))
        stream.close()
        cancelled.get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe true
    }

    @Test
    fun `a failing pipeline answers 500 and names no text of the request`() {
        val stream = Client()
        stream.send(headers("/fail"))
        stream.send(body("secret prompt", end = true))
        val answer = stream.next().immediateResponse
        answer.status.codeValue shouldBe 500
        answer.body.toStringUtf8() shouldBe "internal_error: The router failed to handle this request"
        stream.close()
    }

    @Test
    fun `ends a stream that breaks the protocol with a named error`() {
        val stream = Client()
        stream.send(body("x", end = true))
        val failure = shouldThrow<ExecutionException> { stream.done.get(WAIT_SECONDS, TimeUnit.SECONDS) }
        val status = Status.fromThrowable(failure.cause)
        status.code shouldBe Status.Code.INVALID_ARGUMENT
        status.description shouldBe
            "misplaced_request_body: request_body came out of order; it may come after request_headers; request_header_mode must be SEND"
    }

    @Test
    fun `reports its health under the name that Envoy asks for`() {
        val health = GrpcClients.newClient(address, HealthGrpc.HealthBlockingStub::class.java)
        val name = HealthCheckRequest.newBuilder().setService("envoy.service.ext_proc.v3.ExternalProcessor").build()
        health.check(name).status shouldBe ServingStatus.SERVING
        ready.setHealthy(false)
        health.check(name).status shouldBe ServingStatus.NOT_SERVING
        ready.setHealthy(true)
        val unknown = HealthCheckRequest.newBuilder().setService("no.such.Service").build()
        shouldThrow<StatusRuntimeException> { health.check(unknown) }.status.code shouldBe Status.Code.NOT_FOUND
    }

    /** A stream whose request was forwarded, and whose answer is told to [observed]. */
    private fun observedStream(): Client {
        observed.clear()
        val stream = Client()
        stream.send(headers("/observe"))
        stream.send(body("x", end = true))
        stream.next()
        stream.next()
        return stream
    }

    private inner class EchoDoor : Door {
        override fun hold(): BodyHold = bodies.hold(BODY_BYTES_IN_FLIGHT_MAX)

        override fun plan(request: DoorRequest, loop: ScheduledExecutorService): CompletableFuture<DoorPlan> =
            if (request.path == "/later") later else CompletableFuture.completedFuture(plan(request))

        private fun plan(request: DoorRequest): DoorPlan {
            deciders.add(Thread.currentThread().name)
            if (request.path == "/fail") error("cannot route: ${String(request.body)}")
            val observer = if (request.path == "/observe") Recorder() else Ignorer
            return DoorPlan.Forward(
                request.path,
                request.body,
                emptyList(),
                emptyList(),
                "127.0.0.1:1",
                "m/u",
                "m",
                emptyList(),
                true,
                observer,
            )
        }

        override fun refuse(path: String, status: Int, code: String, message: String): DoorPlan.Answer =
            DoorPlan.Answer(status, emptyList(), "$code: $message".toByteArray())
    }

    private inner class Recorder : AnswerObserver {
        override fun headers(status: Int, headers: List<Pair<String, String>>) = record("headers")

        override fun chunk(bytes: ByteArray) = record("chunk")

        override fun end() = record("end")

        override fun aborted() = record("aborted")

        private fun record(event: String) {
            observed.add(event)
        }
    }

    private object Ignorer : AnswerObserver {
        override fun headers(status: Int, headers: List<Pair<String, String>>) = Unit

        override fun chunk(bytes: ByteArray) = Unit

        override fun end() = Unit

        override fun aborted() = Unit
    }

    private inner class Client {
        private val answers = LinkedBlockingQueue<ProcessingResponse>()
        val done = CompletableFuture<Unit>()
        private val requests =
            GrpcClients
                .builder(address)
                .responseTimeoutMillis(0)
                .build(ExternalProcessorGrpc.ExternalProcessorStub::class.java)
                .process(
                    object : StreamObserver<ProcessingResponse> {
                        override fun onNext(value: ProcessingResponse) {
                            answers.add(value)
                        }

                        override fun onError(cause: Throwable) {
                            done.completeExceptionally(cause)
                        }

                        override fun onCompleted() {
                            done.complete(Unit)
                        }
                    },
                )

        fun send(message: ProcessingRequest) = requests.onNext(message)

        fun next(): ProcessingResponse = checkNotNull(answers.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "No answer in $WAIT_SECONDS s" }

        fun close() {
            requests.onCompleted()
            done.get(WAIT_SECONDS, TimeUnit.SECONDS)
        }
    }

    private companion object {
        const val WAIT_SECONDS = 20L
        const val SMALL_CHUNKS = 20_000
        const val BODY_BYTES_IN_FLIGHT_MAX = 2L * 1024 * 1024

        fun headers(path: String): ProcessingRequest {
            val pairs = listOf(":method" to "POST", ":path" to path)
            val values =
                pairs.map { (name, value) ->
                    HeaderValue
                        .newBuilder()
                        .setKey(name)
                        .setRawValue(ByteString.copyFromUtf8(value))
                        .build()
                }
            return ProcessingRequest
                .newBuilder()
                .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(HeaderMap.newBuilder().addAllHeaders(values)))
                .setProtocolConfig(
                    ProtocolConfiguration
                        .newBuilder()
                        .setRequestBodyMode(BodySendMode.FULL_DUPLEX_STREAMED)
                        .setResponseBodyMode(BodySendMode.STREAMED),
                ).build()
        }

        fun body(text: String, end: Boolean): ProcessingRequest =
            ProcessingRequest
                .newBuilder()
                .setRequestBody(HttpBody.newBuilder().setBody(ByteString.copyFromUtf8(text)).setEndOfStream(end))
                .build()
    }
}
