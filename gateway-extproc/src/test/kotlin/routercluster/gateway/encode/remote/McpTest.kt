package routercluster.gateway.encode.remote

import com.linecorp.armeria.common.HttpMethod
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.encode.remote.mcp.McpService
import routercluster.gateway.encode.remote.mcp.StdioTransport
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.policy.catalog.RemoteService
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.OpenEncoder
import routercluster.policy.encode.Passage
import java.time.Duration
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong

/** A classifier behind MCP: as a real child process, and over HTTP. */
class McpTest {
    private val remotes = RemoteEncoders()
    private val topic = HeadRef("mcp", "class")
    private val timer = Executors.newSingleThreadScheduledExecutor()
    private val started = CopyOnWriteArrayList<StdioTransport>()
    private val now = AtomicLong()

    @AfterEach
    fun close() {
        started.forEach { it.close() }
        remotes.close()
        timer.shutdownNow()
    }

    /** A service over children, with a clock that stands still. */
    private fun service(mode: String = "good"): McpService =
        McpService("mcp", topics.labels, "classify_text", now::get) {
            StdioTransport(mcpProcess(mode), LINE_BYTES, timer).also { started += it }
        }

    private fun McpService.read(text: String, timeout: Duration = Duration.ofSeconds(WAIT_SECONDS)): HeadResult.Labels =
        ask("class", listOf(Input(text)), timeout).get(2 * WAIT_SECONDS, TimeUnit.SECONDS).single() as HeadResult.Labels

    private fun McpService.failure(text: String, timeout: Duration = Duration.ofSeconds(WAIT_SECONDS)): String =
        shouldThrow<ExecutionException> { read(text, timeout) }.let { failed ->
            generateSequence<Throwable>(failed) { it.cause }.firstNotNullOf { (it as? EncodeFailure)?.message }
        }

    private fun goOn(millis: Long) = now.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis))

    @Test
    fun `a child is started with the first question and answers all others`() {
        val service = service()
        started.size shouldBe 0
        service.read("a question of law").probabilities.toList() shouldBe listOf(0.9f, 0.05f, 0.05f)
        service.read("a question of math").probabilities[1] shouldBe 0.9f
        started.size shouldBe 1
        service.close()
    }

    @Test
    fun `a class and its confidence will do`() {
        val service = service("index")
        service.read("math").probabilities.map { Math.round(it * 100) } shouldContainExactly listOf(10, 80, 10)
        service.close()
    }

    @Test
    fun `a child gets what the policy gives it and none of our keys`() {
        val ours = mapOf("PATH" to System.getenv("PATH"), "KEY" to "sk-secret")
        val service = McpService("mcp", topics.labels, "classify_text", now::get) {
            StdioTransport(mcpProcess(), LINE_BYTES, timer, ours).also { started += it }
        }
        service.read("environment").probabilities.first() shouldBe 1f
        service.close()
    }

    @Test
    fun `one that dies is started again, each time after a longer pause, until it answers`() {
        val service = service()
        service.failure("end now") shouldBe "the MCP server has ended"
        shouldThrow<EncodeFailure.Unavailable> { service.read("law") }.message shouldContain "next try in 250 ms"
        service.isReady shouldBe false
        goOn(250)
        service.failure("end now") shouldBe "the MCP server has ended"
        goOn(250)
        shouldThrow<EncodeFailure.Unavailable> { service.read("law") }.message shouldContain "next try in 250 ms"
        goOn(250)
        service.read("law").probabilities.first() shouldBe 0.9f
        service.failure("end now") shouldBe "the MCP server has ended"
        shouldThrow<EncodeFailure.Unavailable> { service.read("law") }.message shouldContain "next try in 250 ms"
        started.size shouldBe 3
        service.close()
    }

    @Test
    fun `closing ends the child, whoever waits is told, and it does not come back`() {
        val service = service()
        service.read("law")
        val children = ProcessHandle.current().children().toList()
        val waiting = service.ask("class", listOf(Input("say nothing")), patience)
        service.close()
        shouldThrow<ExecutionException> { waiting.get(2 * WAIT_SECONDS, TimeUnit.SECONDS) }
        children.forEach { it.onExit().get(2 * WAIT_SECONDS, TimeUnit.SECONDS).isAlive shouldBe false }
        shouldThrow<EncodeFailure.Unavailable> { service.read("law") }.message shouldBe "is closed"
    }

    @Test
    fun `what goes wrong has a name`() {
        service("toolless").failure("law") shouldBe "the MCP server has no tool classify_text"
        service("strange").failure("law") shouldContain "has 1 categories that the policy does not know"
        service().failure("say much") shouldBe "the MCP server sent a message of more than $LINE_BYTES bytes"
        val slow = service()
        slow.read("law")
        slow.failure("say nothing", Duration.ofMillis(50)) shouldBe "no answer from the MCP server within 50 ms"
        slow.read("law").probabilities.first() shouldBe 0.9f
        val missing = RemoteService.McpProcess("no-such-command-here", emptyList(), emptyMap(), "classify_text")
        remotes.open(mcpSettings(missing)).use { encoder -> failure(encoder) shouldBe "encoder mcp: cannot start no-such-command-here" }
    }

    @Test
    fun `over HTTP a session is opened, kept, opened again where the server forgot it, and ended`() {
        McpServer().use { server ->
            val encoder = remotes.open(mcpSettings(server.service))
            server.requests.size shouldBe 0
            encoder.ask(Passage("a text", setOf(topic))).odds().first() shouldBe 0.9f
            server.streams = true
            encoder.ask(Passage("another", setOf(topic))).odds().first() shouldBe 0.9f
            methods(server) shouldContainExactly listOf("initialize", "notifications/initialized", "tools/list", "tools/call", "tools/call")
            val last = server.requests.last()
            last.headers().get("mcp-session-id") shouldBe "one"
            last.headers().get("mcp-protocol-version") shouldBe "2025-03-26"
            last.headers().get("accept").orEmpty() shouldContain "text/event-stream"
            server.session = "two"
            failure(encoder) shouldContain "404 from"
            while (encoder
                    .encode(request("a third"))
                    .toCompletableFuture()
                    .handle { reply, _ -> reply }
                    .get() == null
            ) {
                Thread.onSpinWait()
            }
            server.requests
                .last()
                .headers()
                .get("mcp-session-id") shouldBe "two"
            server.requests.clear()
            encoder.close()
            checkNotNull(server.requests.poll(WAIT_SECONDS, TimeUnit.SECONDS)).method() shouldBe HttpMethod.DELETE
        }
    }

    private fun request(text: String) = EncodeRequest(listOf(Passage(text, setOf(topic))), patience)

    private fun methods(server: McpServer) = server.requests.map { mapper.readTree(it.contentUtf8())["method"].asText() }

    private fun failure(encoder: OpenEncoder): String? =
        shouldThrow<ExecutionException> { encoder.ask(Passage("a text", setOf(topic))) }.cause?.message

    private companion object {
        const val LINE_BYTES = 65_536
        val patience: Duration = Duration.ofSeconds(WAIT_SECONDS)
    }
}
