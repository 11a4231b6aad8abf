package routercluster.dataplane

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.maps.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.kit.EnvoyProcess
import routercluster.kit.Installation
import routercluster.kit.LogsOnFailure
import routercluster.kit.Message
import routercluster.kit.Recording
import routercluster.kit.ReplayingUpstream
import routercluster.kit.recordings
import routercluster.policy.config.loadPolicy
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.nio.file.Files
import java.nio.file.Path
import java.util.Locale
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/**
 * Recorded exchanges, replayed: the provider gets the request that the recording holds, the client the answer, byte for byte,
 * and our account of it is right. See the `README.md` beside the recordings.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class ExchangesTest(private val behindEnvoy: Boolean) {
    private val upstream = ReplayingUpstream()
    private val completions = LinkedBlockingQueue<RouterEvent.Completed>()
    private var open: Installation? = null
    private val router: Installation get() = checkNotNull(open) { "The router is not running" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        if (behindEnvoy) EnvoyProcess.requireBinary()
        val file = folder.resolve("policy.yaml")
        val environment = keys.associate { "${it.uppercase()}_KEY" to "key-of-$it" } + ("PORT" to "${upstream.port}")
        val policy = loadPolicy(Files.readString(file), "policy.yaml", environment::get)
        open = Installation.open(policy, behindEnvoy, events = Events { if (it is RouterEvent.Completed) completions.add(it) })
    }

    @AfterAll
    fun close() {
        open?.use(Installation::awaitIdle)
        upstream.close()
    }

    @TestFactory
    fun `each exchange goes as it was recorded`(): List<DynamicTest> = recordings(folder).map { dynamicTest(it.name) { replay(it) } }

    /** What this door adds to a request that [recording] shows without it. */
    protected open fun added(recording: Recording): List<String> = emptyList()

    private fun replay(recording: Recording) {
        completions.clear()
        upstream.play(recording.answered)
        val (head, body) = RawHttp(router.port).use { client ->
            client.send(recording.asked.request("house"))
            checkNotNull(client.message()) { "the connection was closed without an answer" }
        }
        val got = Message(head.line.removePrefix("HTTP/1.1 "), head.headers, listOf(body))
        val request = upstream.request()
        val account = checkNotNull(completions.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no account was given in $WAIT_SECONDS s" }
        assertSoftly {
            withClue("the provider is asked") {
                request.line shouldBe recording.forwarded.line
                shown(request) shouldBe shown(recording.forwarded)
                headers(request, notForwarded) shouldContainExactly (headers(recording.forwarded, notForwarded) + added(recording)).sorted()
                upstream.waiting shouldBe 0
            }
            withClue("the client gets") {
                status(got) shouldBe status(recording.passed)
                shown(got) shouldBe shown(recording.passed)
                headers(got, notPassed) shouldContainExactly headers(recording.passed, notPassed)
            }
            withClue("our account") { shown(account) shouldContainExactly recording.account }
            val id = got.header("x-request-id")
            withClue("one id for the provider, the client and the decision record") {
                request.header("x-request-id") shouldBe id
                val record = parsed(router.admin("/decisions/$id"))
                record.at("/asked_model").textValue() shouldBe recording.account["asked"]
                record.at("/action/model").textValue() shouldBe recording.account["model"]
                record.at("/decision").textValue() shouldBe recording.account["decision"]
            }
        }
    }

    private companion object {
        const val WAIT_SECONDS = 30L
        val folder: Path = Path.of(checkNotNull(ExchangesTest::class.java.getResource("/recordings")).toURI())
        val keys = listOf("openai", "azure", "anthropic", "gemini", "bedrock")

        /** What concerns one connection only. */
        val perConnection = setOf("host", "connection", "content-length", "transfer-encoding")

        /** Besides, what the router tells a provider, and Envoy, which says by which scheme it was asked. */
        val notForwarded = perConnection + setOf("x-request-id", "x-selected-model", "x-forwarded-proto")

        /** Besides, what the router tells a client, and what every server says about itself. */
        val notPassed = perConnection + setOf("x-request-id", "x-should-retry", "date", "server")
        val ourPrefixes = listOf("x-vsr-", "x-router-")

        /** The body as text, for a failure that can be read; ISO 8859-1 keeps every byte. */
        fun shown(message: Message): String {
            val bytes = message.body
            val text = bytes.decodeToString()
            return if (text.toByteArray().contentEquals(bytes)) text else bytes.toString(Charsets.ISO_8859_1)
        }

        /** The number alone: a reason has no meaning, and neither HTTP/2 nor Envoy keeps it. */
        fun status(answer: Message): String = answer.line.substringBefore(' ')

        /** Without those [left] out, sorted: their order across names has no meaning. */
        fun headers(message: Message, left: Set<String>): List<String> =
            message.headers
                .filterNot { (name, _) -> name in left || ourPrefixes.any(name::startsWith) }
                .map { (name, value) -> "$name: $value" }
                .sorted()

        fun shown(account: RouterEvent.Completed): Map<String, String> =
            buildMap {
                put("operation", account.operation)
                put("asked", account.askedModel)
                account.recipe?.let { put("recipe", it) }
                account.decision?.let { put("decision", it) }
                account.model?.let { put("model", it) }
                account.provider?.let { put("provider", it) }
                put("status", "${account.status}")
                account.errorCode?.let { put("error", it) }
                account.promptTokens?.let { put("input", "$it") }
                account.cachedTokens?.let { put("cached", "$it") }
                account.completionTokens?.let { put("output", "$it") }
                if (account.tokensEstimated) put("estimated", "tokens")
                if (account.finishReasons.isNotEmpty()) put("finish", account.finishReasons.joinToString())
                account.cost?.let { put("cost", String.format(Locale.ROOT, "%.1f µ%s", it * MICRO, account.currency)) }
            }

        const val MICRO = 1_000_000
    }
}

internal class HttpExchangesTest : ExchangesTest(behindEnvoy = false) {
    /** Our HTTP library never leaves out a user agent, so ours stands in for a client that has none. */
    override fun added(recording: Recording): List<String> =
        if (recording.asked.header("user-agent") == null) listOf("user-agent: RouterCluster") else emptyList()
}

internal class EnvoyExchangesTest : ExchangesTest(behindEnvoy = true)
