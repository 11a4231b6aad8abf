package routercluster.inference

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.floats.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.tiny.classifier
import routercluster.inference.tiny.config
import routercluster.inference.tiny.huggingFace
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.random.Random

class BatchingTest {
    @TempDir
    lateinit var folder: Path

    private fun open(batch: BatchBounds = BatchBounds(), windows: WindowBounds = WindowBounds()): OnnxEncoder {
        folder.huggingFace(classifier(3), config("BertForSequenceClassification", listOf("a", "b", "c"), positions = 512))
        return openTiny(folder, batch = batch, windows = windows)
    }

    @Test
    fun `a result does not depend on the texts beside it`() {
        val random = Random(SEED)
        val texts = List(300) { List(random.nextInt(1, 40)) { words.random(random) }.joinToString(" ") }
        open().use { encoder ->
            val alone = texts.map { encoder.labels(tiny("class"), it).probabilities }
            val requests = texts.map { EncodeRequest(listOf(Passage(it, setOf(tiny("class")))), MINUTE) }
            val together = requests.map { encoder.encode(it).toCompletableFuture() }
            val replies = together.map { it.get(60, TimeUnit.SECONDS) }
            replies.forEachIndexed { i, reply ->
                val found = (
                    reply.results
                        .single()
                        .heads
                        .getValue(tiny("class")) as HeadResult.Labels
                ).probabilities
                withClue("seed $SEED, text $i: ${texts[i]}") { distance(found, alone[i]) shouldBeLessThan 1e-3f }
            }
            (replies.maxOf(EncodeReply::batch) > 1) shouldBe true
        }
    }

    @Test
    fun `equal passages are read once`() {
        open().use { encoder ->
            val before = encoder.status.rows
            val reply = encoder.read(*Array(20) { Passage("hello world", setOf(tiny("class"))) })
            reply.results.size shouldBe 20
            encoder.status.rows - before shouldBe 1
        }
    }

    @Test
    fun `what lies beyond the most windows is told, not silent`() {
        open(windows = WindowBounds(size = 12, overlap = 2, max = 3)).use { encoder ->
            val text = "hello world ".repeat(100)
            val coverage = encoder
                .read(Passage(text, setOf(tiny("class"))))
                .results
                .single()
                .coverage
            coverage.windows shouldBe 3
            coverage.isWhole shouldBe false
            coverage.tokens shouldBe 26
            text.substring(0, coverage.charactersRead) shouldBe "hello world ".repeat(13).trimEnd()
        }
    }

    @Test
    fun `a request that cannot be had is refused, naming what can`() {
        open().use { encoder ->
            val unknown = failure(encoder, Passage("x", setOf(tiny("nope"))))
            unknown.shouldBeInstanceOf<EncodeFailure.Refused>().message shouldContain "accepted: tiny/class"
            failure(encoder, Passage("x", emptySet())).shouldBeInstanceOf<EncodeFailure.Refused>()
            val long = failure(encoder, Passage("x".repeat(16_000_001), setOf(tiny("class"))))
            long.shouldBeInstanceOf<EncodeFailure.Refused>().message shouldContain "16000000"
            failure(encoder, Passage("x", setOf(tiny("class"))), Duration.ZERO).shouldBeInstanceOf<EncodeFailure.TimedOut>()
        }
    }

    @Test
    fun `a timeout is kept, and the row is not computed`() {
        open(BatchBounds(tokens = 512, queueTokens = 10_000_000)).use { encoder ->
            val long = Passage("hello world ".repeat(10_000), setOf(tiny("class")))
            val busy = List(20) { encoder.encode(EncodeRequest(listOf(long), MINUTE)).toCompletableFuture() }
            failure(encoder, long, Duration.ofNanos(1)).shouldBeInstanceOf<EncodeFailure.TimedOut>()
            CompletableFuture.allOf(*busy.toTypedArray()).get(60, TimeUnit.SECONDS)
            encoder.status.timedOut shouldBe 1
        }
    }

    @Test
    fun `closing tells whoever waits, and callers after it`() {
        val encoder = open(BatchBounds(queueTokens = 10_000_000))
        val long = Passage("hello world ".repeat(5_000), setOf(tiny("class")))
        val waiting = List(20) { encoder.encode(EncodeRequest(listOf(long), MINUTE)).toCompletableFuture() }
        encoder.close()
        waiting.forEach { reply ->
            val outcome = runCatching { reply.get(20, TimeUnit.SECONDS) }
            outcome.exceptionOrNull()?.cause?.let { (it is EncodeFailure.Unavailable || it is EncodeFailure.Overloaded) shouldBe true }
        }
        failure(encoder, long).shouldBeInstanceOf<EncodeFailure.Unavailable>()
        encoder.status.state shouldBe EncoderState.CLOSED
    }

    @Test
    fun `a provider that is not there is an error alone, and a fall-back in company`() {
        open().close()
        val alone = EncoderConfig("tiny", EncoderSource.Folder(folder), providers = listOf(Provider.CUDA))
        shouldThrow<EncoderLoadException> { openEncoder(alone) }.message shouldContain "provider cuda"
        openEncoder(alone.copy(providers = listOf(Provider.TENSORRT, Provider.CUDA, Provider.CPU))).use { encoder ->
            encoder.status.provider shouldBe Provider.CPU
            encoder.status.fellBack shouldBe true
            encoder.status.missing.keys shouldBe setOf(Provider.TENSORRT, Provider.CUDA)
            encoder.labels(tiny("class"), "hello").probabilities.size shouldBe 3
        }
    }

    private fun failure(encoder: OnnxEncoder, passage: Passage, timeout: Duration = MINUTE): Throwable? {
        val reply = encoder.encode(EncodeRequest(listOf(passage), timeout)).toCompletableFuture()
        return shouldThrow<ExecutionException> { reply.get(30, TimeUnit.SECONDS) }.cause
    }

    private companion object {
        const val SEED = 5
        val MINUTE: Duration = Duration.ofMinutes(1)
        val words = listOf("hello", "world", "good", "bad", "rules", "ignoring", "paris", "x", "東京", "привет", "!")
    }
}
