package routercluster.dataplane

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.extension.RegisterExtension
import routercluster.gateway.encode.EncoderOpener
import routercluster.kit.EnvoyProcess
import routercluster.kit.Installation
import routercluster.kit.LogsOnFailure
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.Policy
import routercluster.policy.config.loadPolicy
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

/** What encoders find, and what becomes of requests when they fail, through a door. The encoder goes by the words of a text. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class LearnedTest(private val behindEnvoy: Boolean) {
    private val models = mockLlm(Script(models = listOf("small", "large")))
    private val encoder = ScriptedEncoder("default", heads)
    private var open: Installation? = null
    private val installation: Installation get() = checkNotNull(open) { "nothing is open" }

    @RegisterExtension
    val logs = LogsOnFailure("Envoy") { open?.envoy?.log().orEmpty() }

    @BeforeAll
    fun open() {
        if (behindEnvoy) EnvoyProcess.requireBinary()
        open = Installation.open(policy(), behindEnvoy, encoders = { encoder }).also(Installation::awaitReady)
    }

    @BeforeEach
    fun reset() {
        encoder.failure = null
        encoder.release()
    }

    @AfterAll
    fun close() {
        open?.close()
        models.close()
    }

    private fun policy(): Policy {
        val text = checkNotNull(javaClass.getResource("/learned.yaml")).readText()
        return loadPolicy(text, "learned.yaml", mapOf("PORT" to "${models.port}")::get, Beside(heads))
    }

    private fun ask(text: String, name: String = "auto"): Reply = sent(installation.port, chat(text, name))

    @Test
    fun `what encoders find decides, and debugging tells it`() {
        val rows =
            listOf(
                Row("a question of law", "lawyer", "large", "x-vsr-selected-category" to "law", "x-vsr-matched-domains" to "law"),
                Row("a question of math", null, "small", "x-vsr-selected-category" to null, "x-vsr-matched-domains" to null),
                Row("money back, give me my", "refund", "large", "x-vsr-matched-embeddings" to "refund"),
                Row("the PERSON knows a law", "private", "small", "x-vsr-matched-pii" to "personal"),
                Row("a jailbreak of law", "attack", null, "x-vsr-matched-jailbreak" to "guard", "x-vsr-response-path" to "fast_response"),
                Row("hello", null, "small", "x-vsr-matched-jailbreak" to null),
            )
        for (row in rows) {
            val reply = ask(row.text, "auto:debug")
            assertSoftly {
                withClue("${row.text}: $reply") {
                    reply.status shouldBe 200
                    reply.header("x-vsr-selected-decision") shouldBe row.decision
                    reply.header("x-vsr-selected-model") shouldBe row.model
                    row.headers.forEach { (name, value) -> reply.header(name) shouldBe value }
                }
            }
        }
        ask("a question of law").header("x-vsr-selected-category") shouldBe null
    }

    @Test
    fun `no encoder is asked where nothing depends on it`() {
        val before = encoder.requests.size
        ask("urgent: a jailbreak").header("x-vsr-selected-decision") shouldBe "urgent"
        ask("a question of law", "large").status shouldBe 200
        encoder.requests.size shouldBe before
    }

    @Test
    fun `a guard that cannot be asked lets nothing in, topics are let go or taken as their rule says`() {
        val faults = listOf(EncodeFailure.Overloaded("the queue is full"), EncodeFailure.Unavailable("the encoder is closed"))
        for (fault in faults) {
            encoder.failure = fault
            withClue("$fault") { errorPolicies("") }
        }
        encoder.failure = null
        encoder.hold()
        withClue("no answer") { errorPolicies("impatient-") }
    }

    /** @param kind begins the names of the recipes */
    private fun errorPolicies(kind: String) {
        val guarded = ask("hello", if (kind.isEmpty()) "auto" else "auto:recipe=${kind.removeSuffix("-")}")
        val open = ask("a question of law", "auto:recipe=${kind}open")
        val careful = ask("hello", "auto:recipe=${kind}careful")
        assertSoftly {
            withClue("$guarded") {
                (guarded.status to guarded.errorCode) shouldBe (403 to "signal_unavailable")
                guarded.header("x-vsr-response-path") shouldBe "blocked"
                guarded.header("x-vsr-selected-decision") shouldBe "attack"
            }
            withClue("$open") {
                (open.status to open.header("x-vsr-selected-decision")) shouldBe (200 to null)
                open.header("x-vsr-selected-model") shouldBe "small"
            }
            withClue("$careful") {
                (careful.status to careful.header("x-vsr-selected-decision")) shouldBe (200 to "lawyer")
                careful.header("x-vsr-selected-model") shouldBe "large"
            }
        }
    }

    @Test
    fun `a client that leaves while an encoder is asked ends that`() {
        val before = encoder.cancelled
        encoder.hold()
        val asked = encoder.requests.size
        RawHttp(installation.port).use { client ->
            client.send(wire(chat("a question of law")))
            while (encoder.requests.size == asked) Thread.onSpinWait()
        }
        while (encoder.cancelled == before) Thread.onSpinWait()
        installation.awaitIdle()
        encoder.cancelled shouldBe before + 1
    }

    @Test
    fun `an encoder that is not there is told, and nothing is routed without it`() {
        val away = EncoderOpener { throw EncodeFailure.Unavailable("model.onnx is missing") }
        Installation.open(policy(), behindEnvoy, encoders = away).use { starting ->
            val reply = sent(starting.port, chat("urgent"))
            withClue("$reply") {
                (reply.status to reply.errorCode) shouldBe (503 to "starting")
                reply.header("retry-after") shouldBe "1"
            }
        }
    }

    /** @property headers of the answer, by name */
    private class Row(val text: String, val decision: String?, val model: String?, vararg val headers: Pair<String, String?>)

    private companion object {
        val heads: Map<String, Head> =
            mapOf(
                "domain" to Head(Task.SEQ_CLS, listOf("law", "math", "other")),
                "jailbreak" to Head(Task.SEQ_CLS, listOf("jailbreak", "benign"), setOf("jailbreak")),
                "pii" to Head(Task.TOKEN, listOf("PERSON", "EMAIL_ADDRESS")),
                "embedding" to Head(Task.EMBED, dimensions = 512),
            )
    }
}

internal class HttpLearnedTest : LearnedTest(behindEnvoy = false)

internal class EnvoyLearnedTest : LearnedTest(behindEnvoy = true)
