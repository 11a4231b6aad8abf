package routercluster.dataplane

import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.healthcheck.SettableHealthChecker
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.AnswerBodies
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.RequestBodies
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.extproc.ExtProcLimits
import routercluster.gateway.extproc.extProcService
import routercluster.kit.EnvoyProcess
import routercluster.kit.LogsOnFailure
import routercluster.policy.Listener
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.io.InputStream
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.net.http.HttpRequest as ClientRequest
import java.net.http.HttpResponse as ClientResponse

/** The ExtProc door behind a real Envoy, with a scripted pipeline and a scripted upstream: what the protocol does to real traffic. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ExtProcContract(private val requestBodies: RequestBodies, private val answerBodies: AnswerBodies) {
    protected val upstream = ScriptedUpstream()
    protected val door = ScriptedDoor { upstream.port }
    private val router =
        Server
            .builder()
            .http(0)
            .service(extProcService(door, ExtProcLimits(bodyBytesMax = BODY_BYTES_MAX), SettableHealthChecker(true)))
            .build()
    private val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    private var running: EnvoyProcess? = null
    protected val envoy get() = checkNotNull(running) { "Envoy is not running" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { running?.log().orEmpty() }

    @BeforeAll
    fun start() {
        EnvoyProcess.requireBinary()
        upstream.start()
        router.start().join()
        val model = Model("large", listOf(Upstream("large/main", tls = false, host = "127.0.0.1", port = upstream.port, model = "large")))
        val options =
            EnvoyOptions(
                extProc = Address("127.0.0.1", router.activeLocalPort()),
                httpDoor = Address("127.0.0.1", upstream.port),
                adminPort = 0,
                messageTimeout = EnvoyProcess.MESSAGE_TIMEOUT,
                requestBodies = requestBodies,
                answerBodies = answerBodies,
            )
        running =
            EnvoyProcess.start(renderEnvoy(policyOf(listOf(model), Listener("http", "127.0.0.1", 0, Duration.ofSeconds(60))), options))
    }

    @AfterAll
    fun stop() {
        running?.close()
        CompletableFuture.allOf(router.stop(), upstream.stop()).join()
    }

    @Test
    fun `rewrites path, headers and body and adds to the answer`() {
        val answer = post("/v1/echo", """{"model":"auto"}""".toByteArray())
        answer.statusCode() shouldBe 200
        answer.headers().firstValue("x-vsr-selected-model").orElse(null) shouldBe "large"
        val seen = upstream.next()
        seen.path() shouldBe "/rewritten/v1/echo"
        seen.contentUtf8() shouldBe """{"model":"auto"} for large"""
        seen.headers().get("x-selected-model") shouldBe "large"
        seen.headers().get("authorization") shouldBe "Bearer upstream-key"
        seen.headers().authority() shouldBe "127.0.0.1:${upstream.port}"
        withClue("headers that concern only the router and its Envoy") {
            val internal = listOf("x-routercluster", "x-gateway", "x-envoy", "x-forwarded-for", "x-vsr")
            seen.headers().names().filter { name -> internal.any { "$name".startsWith(it) } } shouldBe emptyList()
        }
        door.peers.poll(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe "127.0.0.1"
    }

    @Test
    fun `passes a request without a body`() {
        val answer = client.send(request("/v1/models").GET().build(), BodyHandlers.ofString())
        answer.statusCode() shouldBe 200
        upstream.next().path() shouldBe "/rewritten/v1/models"
    }

    @Test
    fun `answers at once without an upstream`() {
        val answer = post("/v1/refused", "{}".toByteArray())
        answer.statusCode() shouldBe 403
        answer.headers().firstValue("content-type").orElse(null) shouldBe "application/json"
        answer.body() shouldBe """{"error":{"code":"denied"}}"""
        upstream.requests.size shouldBe 0
    }

    @Test
    fun `refuses a body beyond the bound`() {
        val answer = post("/v1/echo", ByteArray(BODY_BYTES_MAX.toInt() + 1))
        answer.statusCode() shouldBe 413
        upstream.requests.size shouldBe 0
    }

    @Test
    fun `passes a stream chunk by chunk and tells the observer all of it`() {
        door.observations.clear()
        val answer = client.send(request("/v1/stream").POST(bytes("{}".toByteArray())).build(), BodyHandlers.ofInputStream())
        val stream = upstream.streams.take()
        answer.body().use { body ->
            for (event in listOf("data: one\n\n", "data: two\n\n", "data: [DONE]\n\n")) {
                stream.write(event)
                read(body, event.length) shouldBe event
            }
            stream.close()
            body.read() shouldBe -1
        }
        upstream.next()
        if (answerBodies == AnswerBodies.NONE) {
            door.observation() shouldContainExactly listOf("headers 200", "end")
        } else {
            door.observation() shouldContainExactly listOf("headers 200", "data: one\n\ndata: two\n\ndata: [DONE]\n\n", "end")
        }
    }

    @Test
    fun `passes a stream as the plan's filter says`() {
        if (answerBodies == AnswerBodies.NONE) return
        door.observations.clear()
        val answer = client.send(request("/v1/filtered").POST(bytes("{}".toByteArray())).build(), BodyHandlers.ofInputStream())
        val stream = upstream.streams.take()
        answer.body().use { body ->
            stream.write("data: one\n\n")
            read(body, 11) shouldBe "data: one\n\n"
            stream.write("data: two\n\n")
            stream.write("data: [DONE]\n\n")
            read(body, 14) shouldBe "data: [DONE]\n\n"
            stream.close()
            String(body.readAllBytes()) shouldBe "data: end\n\n"
        }
        upstream.next()
        withClue("the observer sees what the upstream sent") {
            door.observation() shouldContainExactly listOf("headers 200", "data: one\n\ndata: two\n\ndata: [DONE]\n\n", "end")
        }
    }

    @Test
    fun `runs many streams side by side`() {
        val answers =
            List(STREAMS) {
                client.sendAsync(request("/v1/stream").POST(bytes("""{"n":$it}""".toByteArray())).build(), BodyHandlers.ofInputStream())
            }
        val streams =
            List(STREAMS) { done -> checkNotNull(upstream.streams.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "Only $done streams came" } }
        val bodies = answers.map { it.get(WAIT_SECONDS, TimeUnit.SECONDS).body() }
        for (event in listOf("data: first\n\n", "data: last\n\n")) {
            streams.forEach { it.write(event) }
            bodies.forEach { read(it, event.length) shouldBe event }
        }
        streams.forEach { it.close() }
        bodies.forEach { it.read() shouldBe -1 }
        repeat(STREAMS) { upstream.next() }
    }

    @Test
    fun `a client that leaves cancels the upstream and ends the observation`() {
        door.observations.clear()
        // A plain socket: Java's HTTP client closes a cancelled connection only a second later.
        Socket("127.0.0.1", envoy.listeners.getValue("http")).use { leaving ->
            val head = "POST /v1/stream HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
            leaving.getOutputStream().write("$head{}".toByteArray())
            val stream = upstream.streams.take()
            stream.write("data: one\n\n")
            leaving.getInputStream().read()
            leaving.close()
            stream.cancelled.get(WAIT_SECONDS, TimeUnit.SECONDS)
        }
        upstream.next()
        door.observation().last() shouldBe if (answerBodies == AnswerBodies.NONE) "end" else "aborted"
    }

    @Test
    fun `hands over to the HTTP door with the caller's address`() {
        post("/v1/for-http-door", "{}".toByteArray()).statusCode() shouldBe 200
        upstream.next().headers().contains("x-forwarded-for") shouldBe true
    }

    @Test
    fun `passes an answer of twelve mebibytes`() {
        val answer = client.send(request("/v1/large").POST(bytes("{}".toByteArray())).build(), BodyHandlers.ofByteArray())
        answer.body().contentEquals(LARGE_ANSWER) shouldBe true
        upstream.next()
    }

    @Test
    fun `passes the pipeline's own server errors unchanged`() {
        val answer = post("/v1/broken", "{}".toByteArray())
        answer.statusCode() shouldBe 500
        answer.body() shouldBe """{"error":{"code":"broken"}}"""
    }

    @Test
    fun `an upstream that this Envoy does not know gives an error in the shape of OpenAI`() {
        val answer = post("/v1/unknown-upstream", "{}".toByteArray())
        answer.statusCode() shouldBe 503
        answer.body() shouldContain "\"code\":\"stale_envoy_config\""
    }

    protected fun request(path: String): ClientRequest.Builder =
        ClientRequest
            .newBuilder(URI("http://127.0.0.1:${envoy.listeners.getValue("http")}$path"))
            .timeout(Duration.ofSeconds(WAIT_SECONDS))
            .header("content-type", "application/json")
            .header("authorization", "Bearer client-key")
            .header("x-selected-model", "forged")
            .header("x-gateway-destination-endpoint", "6.6.6.6:6")

    protected fun post(path: String, body: ByteArray): ClientResponse<String> =
        client.send(request(path).POST(bytes(body)).build(), BodyHandlers.ofString())

    private fun bytes(body: ByteArray) = ClientRequest.BodyPublishers.ofByteArray(body)

    private fun read(body: InputStream, count: Int): String = String(body.readNBytes(count))

    protected companion object {
        const val WAIT_SECONDS = 30L
        const val STREAMS = 50
        const val BODY_BYTES_MAX = 4L * 1024 * 1024
    }
}

class FullDuplexTest : ExtProcContract(RequestBodies.FULL_DUPLEX_STREAMED, AnswerBodies.STREAMED) {
    @Test
    fun `passes a body of two mebibytes`() {
        val body = ByteArray(2 * 1024 * 1024) { ('a' + it % 26).code.toByte() }
        post("/v1/echo", body).statusCode() shouldBe 200
        upstream.next().contentUtf8() shouldBe String(body) + " for large"
    }
}

class FullDuplexBothWaysTest : ExtProcContract(RequestBodies.FULL_DUPLEX_STREAMED, AnswerBodies.FULL_DUPLEX_STREAMED)

class HeadersOnlyAnswersTest : ExtProcContract(RequestBodies.FULL_DUPLEX_STREAMED, AnswerBodies.NONE)

class BufferedTest : ExtProcContract(RequestBodies.BUFFERED, AnswerBodies.STREAMED) {
    @Test
    fun `keeps content-length right`() {
        post("/v1/echo", "{}".toByteArray()).statusCode() shouldBe 200
        upstream.next().headers().contentLength() shouldBe "{} for large".length.toLong()
    }
}

/** Without a router, requests are refused rather than let through. */
class RouterGoneTest {
    @Test
    fun `refuses in the shape of OpenAI`() {
        EnvoyProcess.requireBinary()
        val policy = policyOf(examplePolicy().models.values.toList(), Listener("http", "127.0.0.1", 0, Duration.ofSeconds(60)))
        val unused = ServerSocket(0).use { it.localPort }
        EnvoyProcess.start(renderEnvoy(policy, EnvoyOptions(extProc = Address("127.0.0.1", unused), adminPort = 0))).use { envoy ->
            val request = ClientRequest.newBuilder(URI("http://127.0.0.1:${envoy.listeners.getValue("http")}/v1/models")).build()
            val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
            val answer = client.send(request, BodyHandlers.ofString())
            answer.statusCode() shouldBe 503
            answer.body().trim() shouldBe
                """{"error":{"code":"router_unavailable","message":"The router did not answer","type":"server_error"}}"""
        }
    }
}
