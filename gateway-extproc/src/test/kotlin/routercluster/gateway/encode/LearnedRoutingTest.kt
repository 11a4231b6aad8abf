package routercluster.gateway.encode

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.testHeads
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.encode.EncodeFailure
import routercluster.telemetry.RouterEvent
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit

/** Requests whose route depends on an encoder, through the HTTP door. */
class LearnedRoutingTest {
    @TempDir
    lateinit var folder: Path

    private val llm = mockLlm(Script(models = listOf("small", "large-2")))
    private val opened = CopyOnWriteArrayList<ScriptedEncoder>()
    private val opener = EncoderOpener { settings -> ScriptedEncoder(settings.name, testHeads).also(opened::add) }

    @AfterEach
    fun close() = llm.close()

    private fun policy(rules: String = "{type: classifier, name: law}", examples: String = "", gateway: String = "{}") =
        policyText(
            llm.port,
            mapOf("urgent" to "modelRefs: [{model: large}]"),
            signals = "classifiers: [{name: law$examples}, {name: jailbreak, slot: jailbreak}]",
            gateway = gateway,
        ).replace("decisions:\n", "decisions:\n    - {name: lawyer, priority: 5, rules: $rules, modelRefs: [{model: large}]}\n")

    private fun router(text: String = policy(), file: Path? = null, opener: EncoderOpener = this.opener): TestGateway =
        TestGateway(text, file, encoders = opener).also { while (it.admin("/readyz").status != 200) Thread.onSpinWait() }

    @Test
    fun `an encoder tells where a request goes, and is not asked where nothing depends on it`() {
        router().use { router ->
            router.chat("a question of law").header("x-vsr-selected-decision") shouldBe "lawyer"
            router.chat("hello").header("x-vsr-selected-decision") shouldBe null
            router.chat("urgent: a question of law").header("x-vsr-selected-decision") shouldBe "urgent"
            router.chat("hello", model = "large").status shouldBe 200
            opened.single().requests.map { it.passages.single().text } shouldBe listOf("a question of law", "hello")
            val scraped = router.admin("/metrics").body
            listOf(
                """router_routed_requests_total{encoded="true"} 2.0""",
                """router_routed_requests_total{encoded="false"} 2.0""",
                """router_encode_calls_total{outcome="ok"} 2.0""",
                """llm_signal_extraction_latency_seconds_count{signal_type="classifier"} 2""",
                """llm_signal_match_total{signal_name="law",signal_type="classifier"} 1.0""",
                """llm_signal_extraction_total{signal_name="law",signal_type="classifier"} 2.0""",
                """router_encoder_queued_tokens{encoder="default"} 0.0""",
                """router_encode_batch_sum 2.0""",
            ).forEach { scraped shouldContain it }
        }
    }

    @Test
    fun `the record tells what was asked and holds no text`() {
        router().use { router ->
            router.chat("a question of law", "x-request-id" to "one")
            val record = router.admin("/decisions/one")
            val call = record.json["encoder_calls"].single()
            assertSoftly {
                call["signals"].single()["name"].textValue() shouldBe "law"
                call["batch"].intValue() shouldBe 1
                call["passages"].single()["windows"].intValue() shouldBe 1
                call["passages"].single()["characters"].intValue() shouldBe 17
                record.json["signals"].last()["value"].doubleValue() shouldBe 0.95f.toDouble()
                record.body shouldNotContain "question"
            }
        }
    }

    @Test
    fun `an encoder that fails or is late leaves it to the condition's error policy`() {
        val late = "{signal_timeouts: {classifier: 20ms}}"
        val outcomes = listOf("no_match" to (200 to null), "match" to (200 to "lawyer"), "block" to (403 to "lawyer"))
        for ((onError, expected) in outcomes) {
            for (slow in listOf(false, true)) {
                router(policy("{type: classifier, name: law, on_error: $onError}", gateway = if (slow) late else "{}")).use { router ->
                    if (slow) opened.last().hold() else opened.last().failure = EncodeFailure.Overloaded("the queue is full")
                    val answer = router.chat("hello", "x-request-id" to "it")
                    withClue("$onError, slow $slow: ${answer.body}") {
                        (answer.status to answer.header("x-vsr-selected-decision")) shouldBe expected
                        val call = router.admin("/decisions/it").json["encoder_calls"].single()
                        call["failure"].textValue() shouldBe if (slow) "not waited for any longer" else "the queue is full"
                        opened.last().cancelled shouldBe if (slow) 1 else 0
                    }
                }
            }
        }
    }

    @Test
    fun `a client that leaves ends what is done for it`() {
        router().use { router ->
            val encoder = opened.single()
            encoder.hold()
            router.leaver("hello").use { encoder.next() }
            router.heard.await<RouterEvent.Left>()
            while (encoder.cancelled == 0) Thread.onSpinWait()
            encoder.release()
            router.heard.of<RouterEvent.Routed>().size shouldBe 0
            router.admin("/status").json["in_flight"].intValue() shouldBe 0
        }
    }

    @Test
    fun `draining waits for requests that wait for an encoder`() {
        val router = router()
        val encoder = opened.single()
        encoder.hold()
        val answer = CompletableFuture.supplyAsync { router.chat("a question of law") }
        encoder.next()
        val closed = CompletableFuture.runAsync { router.running.close() }
        while (router.admin("/readyz").status == 200) Thread.onSpinWait()
        closed.isDone shouldBe false
        encoder.release()
        answer.get(WAIT_SECONDS, TimeUnit.SECONDS).header("x-vsr-selected-decision") shouldBe "lawyer"
        closed.get(WAIT_SECONDS, TimeUnit.SECONDS)
        encoder.isClosed shouldBe true
    }

    @Test
    fun `until exemplars are read no request is routed, and readiness says what is awaited`() {
        val encoder = ScriptedEncoder("default", testHeads).also { it.hold() }
        TestGateway(policy(examples = ", examples: [wills and contracts]"), encoders = { encoder }).use { router ->
            encoder
                .next()
                .passages
                .single()
                .text shouldBe "wills and contracts"
            val refused = router.chat("hello")
            (refused.status to refused.code) shouldBe (503 to "starting")
            refused.header("retry-after") shouldBe "1"
            router.admin("/readyz").json["not_ready"].map { it.textValue() } shouldBe
                listOf("encoders: default are being opened, and exemplars read")
            encoder.release()
            while (router.admin("/readyz").status != 200) Thread.onSpinWait()
            router.chat("contracts and wills").header("x-vsr-selected-decision") shouldBe "lawyer"
        }
    }

    @Test
    fun `an encoder that cannot be opened is tried again, and readiness says why`() {
        var fault: EncodeFailure? = EncodeFailure.Unavailable("model.onnx is missing")
        val flaky = EncoderOpener { settings -> fault?.let { throw it } ?: opener.open(settings) }
        TestGateway(policy(), encoders = flaky).use { router ->
            val told = generateSequence { router.admin("/readyz").json["not_ready"].map { it.textValue() } }.first { "missing" in "$it" }
            told shouldBe listOf("encoders: model.onnx is missing")
            fault = null
            while (router.admin("/readyz").status != 200) Thread.onSpinWait()
            router.chat("a question of law").header("x-vsr-selected-decision") shouldBe "lawyer"
        }
    }

    @Test
    fun `a reload whose exemplars cannot be read keeps the old policy and says why`() {
        val file = folder.resolve("policy.yaml")
        Files.writeString(file, policy())
        router(policy(), file).use { router ->
            val before = router.running.keeper.snapshot()
            opened.single().failure = EncodeFailure.Unavailable("the encoder is away")
            Files.writeString(file, policy(examples = ", examples: [wills]"))
            router.heard
                .await<RouterEvent.PolicyRejected>()
                .single()
                .reason shouldBe "exemplars cannot be embedded: the encoder is away"
            opened.single().failure = null
            router.running.keeper.snapshot() shouldBe before
            router.chat("a question of law").header("x-vsr-selected-decision") shouldBe "lawyer"
            Files.writeString(file, policy(examples = ", examples: [testaments]"))
            router.heard.await<RouterEvent.PolicyLoaded>(2)
            router.chat("testaments").header("x-vsr-selected-decision") shouldBe "lawyer"
            opened.size shouldBe 1
        }
    }

    @Test
    fun `an encoder that no policy asks any more is closed once its last request is over`() {
        val file = folder.resolve("policy.yaml")
        Files.writeString(file, policy())
        router(policy(), file).use { router ->
            val encoder = opened.single()
            encoder.hold()
            val answer = CompletableFuture.supplyAsync { router.chat("a question of law") }
            encoder.next()
            Files.writeString(file, policyText(llm.port))
            router.heard.await<RouterEvent.PolicyLoaded>(2)
            encoder.isClosed shouldBe false
            encoder.release()
            answer.get(WAIT_SECONDS, TimeUnit.SECONDS).header("x-vsr-selected-decision") shouldBe "lawyer"
            while (!encoder.isClosed) Thread.onSpinWait()
            router.admin("/status").json["encoders"] shouldBe null
        }
    }

    @Test
    fun `status lists the encoders that are open`() {
        router().use { router ->
            val encoder = router.admin("/status").json["encoders"]["default"]
            listOf(encoder["version"].textValue(), encoder["device"].textValue(), encoder["ready"].booleanValue()) shouldBe
                listOf("scripted", "cpu", true)
        }
    }

    @Test
    fun `a policy without learned signals opens nothing`() {
        router(policyText(llm.port)).use { it.chat("hello").status shouldBe 200 }
        opened.size shouldBe 0
    }
}
