package routercluster.cli

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.Slot
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Span
import java.nio.file.Files
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

/** The encoder of this program, opened as a policy's settings want it. */
class EncodersTest {
    @TempDir
    lateinit var folder: Path

    private val own = EncoderSettings("default", folder = null, threads = 1)

    private fun policy(signals: String): String =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
        routing:
          signals: {$signals}
          decisions: [{name: d, rules: {type: domain, name: math}}]
        gateway: {signal_timeouts: {domain: 60s}}
        """.trimIndent()

    private fun load(text: String) = loadWithFiles(text, "${folder.resolve("p.yaml")}") { null }

    @Test
    fun `a policy has the heads of the program's bundle`() {
        val catalog = load(policy("domains: [{name: math}]")).catalog
        catalog.encoders.getValue("default").folder shouldBe null
        catalog.slots.mapValues { it.value.ref } shouldBe
            Slot.entries.filter { it != Slot.RERANK }.associateWith { HeadRef("default", it.headName) }
    }

    @Test
    fun `an open encoder tells how it fares, and reads until it is closed`() {
        val encoder = localEncoders.open(own)
        encoder.status.run { Triple(device, fellBack, isReady) } shouldBe Triple("cpu", false, true)
        encoder.status.version.length shouldBe 16
        val domain = HeadRef("default", "domain")
        val request = EncodeRequest(listOf(Passage("What is the derivative of x squared?", setOf(domain))), Duration.ofSeconds(60))
        val reply = encoder.encode(request).toCompletableFuture().get(90, TimeUnit.SECONDS)
        val odds = reply.results
            .single()
            .heads
            .getValue(domain) as HeadResult.Labels
        encoder.heads.getValue(domain).labels[odds.probabilities.indices.maxBy { odds.probabilities[it] }] shouldBe "math"
        encoder.close()
        encoder.status.isReady shouldBe false
        val closed = shouldThrow<ExecutionException> { encoder.encode(request).toCompletableFuture().get(90, TimeUnit.SECONDS) }
        (closed.cause is EncodeFailure.Unavailable) shouldBe true
    }

    @Test
    fun `personal data is found by exact recognisers too`(): Unit =
        localEncoders.open(own).use { encoder ->
            val pii = HeadRef("default", "pii")
            val text = "zq: ann@example.com"
            val reply = encoder.encode(EncodeRequest(listOf(Passage(text, setOf(pii))), Duration.ofSeconds(60)))
            val found = reply
                .toCompletableFuture()
                .get(90, TimeUnit.SECONDS)
                .results
                .single()
            val spans = (found.heads.getValue(pii) as HeadResult.Spans).spans
            spans.single { it.label == "EMAIL_ADDRESS" } shouldBe Span("EMAIL_ADDRESS", 4, text.length, 1f)
        }

    @Test
    fun `a provider that is not there is told where another one runs, and a failure where none does`() {
        assumeTrue(System.getenv("ROUTER_GPU") == null, "built for a machine that may have it")
        localEncoders.open(own.copy(providers = listOf(ExecutionProvider.CUDA, ExecutionProvider.CPU))).use { encoder ->
            encoder.status.fellBack shouldBe true
            encoder.status.device shouldStartWith "cpu, not on cuda: "
        }
        val none = own.copy(providers = listOf(ExecutionProvider.TENSORRT))
        shouldThrow<EncodeFailure.Unavailable> { localEncoders.open(none) }.message shouldStartWith "encoder default: "
    }

    @Test
    fun `a folder that is no encoder's is named, by the policy and on opening`() {
        Files.createDirectories(folder.resolve("models/empty"))
        val named = "classifiers: [{name: c, type: local, model_path: models/empty, labels: [a, b]}], domains: [{name: math}]"
        shouldThrow<InvalidPolicy> { load(policy(named)) }.message shouldContain "config.json is missing"
        val gone = "${folder.resolve("gone")}"
        shouldThrow<EncodeFailure.Unavailable> { localEncoders.open(EncoderSettings("guard", gone)) }.message shouldBe
            "encoder guard: $gone: expected a folder with model.onnx and tokenizer.json, found none"
    }

    @Test
    fun `explain asks it and shows what it found`() {
        val file = Files.writeString(folder.resolve("p.yaml"), policy("domains: [{name: math}]"))
        val explain = commands().single { it.commandName == "explain" }
        val said = parseJson(record(explain, "explain", "$file", "--prompt", "What is the derivative of x squared?", "--json").out)
        said?.path("decision")?.textValue() shouldBe "d"
        val call = said?.path("encoder_calls")?.single()
        call
            ?.path("passages")
            ?.single()
            ?.path("windows")
            ?.intValue() shouldBe 1
    }
}
