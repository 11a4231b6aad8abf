package routercluster.inference.folder

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.EncoderConfig
import routercluster.inference.EncoderSource
import routercluster.inference.HeadHint
import routercluster.inference.WindowBounds
import routercluster.inference.openEncoder
import routercluster.inference.openTiny
import routercluster.inference.tiny
import routercluster.inference.tiny.Bundle
import routercluster.inference.tiny.bertTokenizer
import routercluster.inference.tiny.classifier
import routercluster.inference.tiny.config
import routercluster.inference.tiny.huggingFace
import routercluster.inference.tiny.stateModel
import routercluster.inference.tiny.tagger
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path

/** What is wrong with a folder is said with file, expected and found. */
class FolderTest {
    @TempDir
    lateinit var folder: Path

    private class Case(val name: String, val message: String, val hint: HeadHint = HeadHint(), val spoil: (Path) -> Unit)

    @TestFactory
    fun `a Hugging Face folder that is wrong is refused`(): List<DynamicTest> =
        listOf(
            Case("no network", "expected model.onnx or onnx/model.onnx, found neither") { Files.delete(it.resolve("model.onnx")) },
            Case("a truncated network", "expected an ONNX network") { Files.write(it.resolve("model.onnx"), classifier(2).copyOf(200)) },
            Case("an empty network", "model.onnx") { Files.write(it.resolve("model.onnx"), ByteArray(0)) },
            Case("a network of something else", "expected an ONNX network") {
                Files.writeString(it.resolve("model.onnx"), "hello, I am no network")
            },
            Case("no tokenizer", "tokenizer.json is missing") { Files.delete(it.resolve("tokenizer.json")) },
            Case("a tokenizer of something else", "tokenizer.json: expected a Hugging Face tokenizer") {
                Files.writeString(it.resolve("tokenizer.json"), "{}")
            },
            Case("a truncated tokenizer", "tokenizer.json") { Files.writeString(it.resolve("tokenizer.json"), bertTokenizer().take(500)) },
            Case("no config", "config.json is missing") { Files.delete(it.resolve("config.json")) },
            Case("a config that is no JSON", "config.json is no JSON (line 1") { Files.writeString(it.resolve("config.json"), "{]") },
            Case("a config that is no object", "expected a JSON object, found ARRAY") {
                Files.writeString(it.resolve("config.json"), "[]")
            },
            Case("no positions", "expected max_position_embeddings") { Files.writeString(it.resolve("config.json"), "{}") },
            Case("labels that do not fit", "names 3 labels, output logits has 2") {
                Files.writeString(it.resolve("config.json"), config("BertForSequenceClassification", listOf("a", "b", "c")))
            },
            Case("a task that does not fit", "needs one row a token") {
                Files.writeString(it.resolve("config.json"), config("BertForTokenClassification", listOf("a", "b")))
            },
            Case("no vector", "expected an output among") { Files.writeString(it.resolve("config.json"), config("BertModel")) },
            Case("a threat that is no label", "positive labels [c] are not among its labels [a, b]", HeadHint(positive = setOf("c"))) {},
            Case("NLI without its labels", "needs the labels", HeadHint(task = Task.NLI)) {},
        ).map { case ->
            dynamicTest(case.name) {
                val config = config("BertForSequenceClassification", listOf("a", "b"))
                val spoilt = Files.createTempDirectory(folder, "spoilt").huggingFace(classifier(2), config)
                case.spoil(spoilt)
                shouldThrow<EncoderLoadException> { openTiny(spoilt, case.hint) }.message shouldContain case.message
            }
        }

    @TestFactory
    fun `a bundle that is wrong is refused`(): List<DynamicTest> =
        listOf<Pair<String, (Bundle) -> Unit>>(
            "model.onnx: expected" to { it.write("model.onnx", Files.readAllBytes(it.folder.resolve("model.onnx")).copyOf(1_000)) },
            "expected sha256" to { it.write("tokenizer.json", bertTokenizer().replaceFirst("1.0", "1.1").toByteArray()) },
            "tokenizer.json is missing, manifest.json lists it" to { Files.delete(it.folder.resolve("tokenizer.json")) },
            "manifest.json is missing" to { Files.delete(it.folder.resolve("manifest.json")) },
            "heads.json: expected format 1, found 2" to { it.heads("""{"format": 2, "heads": []}""") },
            "has no heads" to { it.heads("""{"format": 1, "heads": []}""") },
            "are there twice" to { it.heads(head() + "," + head()) },
            "head topic: output: expected one of" to { it.heads(head(output = "nowhere")) },
            "head topic: task: expected one of" to { it.heads(head(task = "GUESS")) },
            "head topic: labels: expected 2 as output topic has, found 1" to { it.heads(head(labels = """["a"]""")) },
            "head topic: positive_labels: expected some of [a, b], found [c]" to
                { it.heads(head(more = """, "positive_labels": ["c"]""")) },
            "head topic: pool: expected one of [mean, max], found sum" to { it.heads(head(pool = "sum")) },
            "head topic: temperature: expected a number above 0, found 0.0" to { it.heads(head(more = """, "temperature": 0""")) },
            "head topic: : expected the keys" to { it.heads(head(more = """, "colour": "red"""")) },
        ).map { (message, spoil) ->
            dynamicTest(message) {
                val bundle = Bundle(Files.createTempDirectory(folder, "bundle"))
                spoil(bundle)
                shouldThrow<EncoderLoadException> { openTiny(bundle.folder) }.message shouldContain message
            }
        }

    @Test
    fun `a good bundle opens with the heads that it names`() {
        openTiny(Bundle(folder).folder).use { encoder ->
            encoder.heads.keys shouldBe setOf(tiny("embedding"), tiny("topic"), tiny("threat"), tiny("pii"), tiny("support"))
            encoder.heads.getValue(tiny("threat")).positive shouldBe setOf("bad")
            encoder.heads.getValue(tiny("threat")).calibrated shouldBe true
        }
    }

    @Test
    fun `no folder, and windows that the network cannot read`() {
        val nowhere = EncoderConfig("tiny", EncoderSource.Folder(folder.resolve("nowhere")))
        shouldThrow<EncoderLoadException> { openEncoder(nowhere) }.message shouldContain "expected a folder"
        folder.huggingFace(tagger(2), config("BertForTokenClassification", listOf("O", "X"), positions = 32))
        val large = WindowBounds(size = 33)
        shouldThrow<EncoderLoadException> { openTiny(folder, windows = large) }.message shouldContain "windows of 33 tokens"
    }

    @Test
    fun `a scale over a whole batch is told from the file`() {
        folder.huggingFace(stateModel(), config("BertModel"))
        quantisesAcrossRows(FolderFiles(folder), "model.onnx") shouldBe false
        quantisesAcrossRows(MiniLmFiles, "model.onnx") shouldBe true
        Files.write(folder.resolve("late.onnx"), ByteArray(65_530) + "DynamicQuantizeLinear".toByteArray())
        quantisesAcrossRows(FolderFiles(folder), "late.onnx") shouldBe true
    }

    private fun head(
        output: String = "topic",
        task: String = "SEQ_CLS",
        labels: String = """["a", "b"]""",
        pool: String = "mean",
        more: String = "",
    ) = """{"name": "topic", "task": "$task", "output": "$output", "input": "single", "labels": $labels, "pool": "$pool"$more}"""
}
