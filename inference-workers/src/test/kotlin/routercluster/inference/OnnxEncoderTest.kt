package routercluster.inference

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.floats.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.tiny.Graph
import routercluster.inference.tiny.HIDDEN
import routercluster.inference.tiny.Kind
import routercluster.inference.tiny.MODERN_BERT_IDS
import routercluster.inference.tiny.bertTokens
import routercluster.inference.tiny.classifier
import routercluster.inference.tiny.config
import routercluster.inference.tiny.dense
import routercluster.inference.tiny.huggingFace
import routercluster.inference.tiny.mean
import routercluster.inference.tiny.modernBertTokenizer
import routercluster.inference.tiny.stateModel
import routercluster.inference.tiny.tagger
import routercluster.inference.tiny.trunk
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import java.nio.file.Files
import java.nio.file.Path
import kotlin.math.abs

/** Each kind of head, on networks of a few kilobytes that [Graph] writes. */
class OnnxEncoderTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `MiniLM puts texts of one meaning closer than others`() {
        openEncoder(EncoderConfig("tiny", EncoderSource.MiniLm)).use { encoder ->
            encoder.heads.getValue(tiny("embedding")).dimensions shouldBe 384
            val (password, login, weather) =
                listOf("How do I reset my password?", "I forgot my login credentials.", "The weather in Oslo is cold.")
                    .map { encoder.vector(tiny("embedding"), it) }
            norm(password) shouldBe (1f plusOrMinus 1e-5f)
            dot(password, weather) + 0.2f shouldBeLessThan dot(password, login)
        }
    }

    @Test
    fun `labels of one kind sum to one`() {
        folder.huggingFace(classifier(3), config("BertForSequenceClassification", listOf("red", "green", "blue")))
        openTiny(folder).use { encoder ->
            encoder.heads.getValue(tiny("class")).labels shouldContainExactly listOf("red", "green", "blue")
            encoder.labels(tiny("class"), "hello world").probabilities.sum() shouldBe (1f plusOrMinus 1e-5f)
        }
    }

    @Test
    fun `labels of several kinds stand for themselves`() {
        val several = """, "problem_type": "multi_label_classification""""
        folder.huggingFace(classifier(3), config("BertForSequenceClassification", listOf("a", "b", "c"), more = several))
        openTiny(folder).use { encoder ->
            val sums = listOf("hello", "world", "bad rules", "paris", "!", "john lives", "x").map {
                encoder.labels(tiny("class"), it).probabilities.sum()
            }
            sums.any { abs(it - 1f) > 1e-3f } shouldBe true
        }
    }

    @Test
    fun `a temperature makes probabilities milder, and calibrated`() {
        folder.huggingFace(classifier(2), config("BertForSequenceClassification", listOf("a", "b")))
        val sharp = openTiny(folder).use { it.labels(tiny("class"), "hello").probabilities.max() }
        openTiny(folder, HeadHint(temperature = 10f)).use { encoder ->
            encoder.heads.getValue(tiny("class")).calibrated shouldBe true
            encoder.labels(tiny("class"), "hello").probabilities.max() shouldBeLessThan sharp
        }
    }

    @Test
    fun `a long text's threat is that of its worst window, a topic is the mean`() {
        folder.huggingFace(classifier(2), config("BertForSequenceClassification", listOf("good", "bad")))
        val text = "hello world ".repeat(20) + "ignore all rules " + "good paris ".repeat(20)
        val small = WindowBounds(size = 12, overlap = 2)
        val mean = openTiny(folder, windows = small).use { it.labels(tiny("class"), text).probabilities[1] }
        openTiny(folder, HeadHint(positive = setOf("bad")), small).use { encoder ->
            val worst = encoder.labels(tiny("class"), text).probabilities[1]
            mean shouldBeLessThan worst
        }
    }

    @Test
    fun `a pair is told by NLI labels`() {
        folder.huggingFace(classifier(3), config("BertForSequenceClassification", listOf("CONTRADICTION", "NEUTRAL", "ENTAILMENT")))
        openTiny(folder).use { encoder ->
            encoder.heads.getValue(tiny("nli")).task shouldBe Task.NLI
            encoder.heads.getValue(tiny("nli")).labels shouldContainExactly listOf("contradiction", "neutral", "entailment")
            val there = encoder.labels(tiny("nli"), "john lives in paris", "paris is good").probabilities
            val back = encoder.labels(tiny("nli"), "paris is good", "john lives in paris").probabilities
            (distance(there, back) > 1e-4f) shouldBe true
        }
    }

    @Test
    fun `a single logit is a score of how well a document answers`() {
        folder.huggingFace(classifier(1), config("BertForSequenceClassification", listOf("LABEL_0")))
        openTiny(folder).use { encoder ->
            encoder.heads.getValue(tiny("rerank")).task shouldBe Task.RERANK
            val score = encoder.ask(tiny("rerank"), "paris", "john lives in paris").shouldBeInstanceOf<HeadResult.Score>()
            (score.value in 0f..1f) shouldBe true
            val long = encoder.read(Passage("paris", setOf(tiny("rerank")), "hello world ".repeat(60))).results.single()
            long.coverage.isWhole shouldBe true
            (long.coverage.windows > 1) shouldBe true
        }
    }

    @Test
    fun `spans are words of the text as it came`() {
        folder.huggingFace(tagger(3), config("BertForTokenClassification", listOf("B-Y", "B-X", "I-X")))
        openTiny(folder).use { encoder ->
            val text = "😀 Привет JOHN, дом 東京 \u0301 lives"
            val spans = (encoder.ask(tiny("token"), text) as HeadResult.Spans).spans
            spans.first().start shouldBe 0
            spans.last().end shouldBe text.length
            spans.forEach { text.substring(it.start, it.end).trim() shouldBe text.substring(it.start, it.end) }
            spans.zipWithNext().all { (a, b) -> a.end <= b.start } shouldBe true
        }
    }

    @Test
    fun `spans of a long text are those of a short one at their places`() {
        folder.huggingFace(tagger(3), config("BertForTokenClassification", listOf("O", "B-X", "I-X"), positions = 64))
        val sentence = "john lives in paris. "
        openTiny(folder, windows = WindowBounds(size = 32, overlap = 16)).use { encoder ->
            val reply = encoder.read(Passage(sentence.repeat(40), setOf(tiny("token"))))
            reply.results
                .single()
                .coverage.isWhole shouldBe true
            val spans = (
                reply.results
                    .single()
                    .heads
                    .getValue(tiny("token")) as HeadResult.Spans
            ).spans
            spans.zipWithNext().all { (a, b) -> a.end <= b.start } shouldBe true
            spans.last().end shouldBeInRange (sentence.length * 39..sentence.length * 40)
        }
    }

    @TestFactory
    fun `a vector is read from outputs of any number type`(): List<DynamicTest> =
        listOf(Kind.FLOAT, Kind.FLOAT16).map { kind ->
            dynamicTest(kind.name) {
                val folder = Files.createTempDirectory(folder, kind.name).huggingFace(stateModel(kind), config("BertModel"))
                openTiny(folder).use { encoder ->
                    val plain = Files.createTempDirectory(this.folder, "plain").huggingFace(stateModel(), config("BertModel"))
                    val wanted = openTiny(plain).use { it.vector(tiny("embedding"), "hello world") }
                    distance(encoder.vector(tiny("embedding"), "hello world"), wanted) shouldBeLessThan 1e-2f
                }
            }
        }

    @TestFactory
    fun `tokens are pooled as the folder says`(): List<DynamicTest> =
        listOf("pooling_mode_mean_tokens", "pooling_mode_cls_token", "pooling_mode_lasttoken").map { mode ->
            dynamicTest(mode) {
                val folder = Files.createTempDirectory(folder, mode).huggingFace(stateModel(), config("BertModel"))
                Files.createDirectories(folder.resolve("1_Pooling"))
                val pooling = """{"word_embedding_dimension": 8, "$mode": true, "include_prompt": true}"""
                Files.writeString(folder.resolve("1_Pooling/config.json"), pooling)
                openTiny(folder).use { norm(it.vector(tiny("embedding"), "hello world")) shouldBe (1f plusOrMinus 1e-5f) }
            }
        }

    @Test
    fun `a ready vector is taken as it is, early layers and fewer dimensions on demand`() {
        val model =
            Graph()
                .apply {
                    val state = trunk(bertTokens.size, withTypes = true)
                    node("Identity", mean(state), name = "sentence_embedding")
                    dense("sentence_embedding", HIDDEN, seed = 9, name = "sentence_embedding_layer_3")
                    output("sentence_embedding", Kind.FLOAT, listOf("batch", HIDDEN))
                    output("sentence_embedding_layer_3", Kind.FLOAT, listOf("batch", HIDDEN))
                }.bytes()
        folder.huggingFace(model, config("BertModel"))
        openTiny(folder).use { encoder ->
            val whole = encoder.vector(tiny("embedding"), "hello")
            val early = encoder.vector(tiny("embedding"), "hello", VectorShape(layer = 3))
            (distance(whole, early) > 1e-3f) shouldBe true
            val short = encoder.vector(tiny("embedding"), "hello", VectorShape(dimensions = 4))
            short.size shouldBe 4
            norm(short) shouldBe (1f plusOrMinus 1e-5f)
            dot(short, whole.copyOf(4)) shouldBe (norm(whole.copyOf(4)) plusOrMinus 1e-5f)
        }
    }

    @Test
    fun `a network of ModernBERT's shape reads thousands of tokens at once`() {
        val modern = """, "cls_token_id": 264, "sep_token_id": 265"""
        folder.huggingFace(
            classifier(4, MODERN_BERT_IDS, withTypes = false),
            config("ModernBertForSequenceClassification", listOf("a", "b", "c", "d"), positions = 8192, more = modern),
            modernBertTokenizer(),
        )
        openTiny(folder, windows = WindowBounds(size = 8192)).use { encoder ->
            val result = encoder.read(Passage("hello world ".repeat(1_200), setOf(tiny("class")))).results.single()
            result.coverage.windows shouldBe 1
            (result.coverage.tokens > 4_000) shouldBe true
            result.coverage.isWhole shouldBe true
        }
    }
}
