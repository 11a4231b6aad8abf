package routercluster.inference

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.tiny.Bundle
import routercluster.inference.tiny.classifier
import routercluster.inference.tiny.config
import routercluster.inference.tiny.huggingFace
import routercluster.inference.tiny.stateModel
import routercluster.inference.tiny.tagger
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/** What files say of an encoder that is not open. */
class HeadsOfTest {
    @TempDir
    lateinit var folder: Path

    private fun source(name: String, write: (Path) -> Unit): EncoderSource.Folder =
        EncoderSource.Folder(Files.createDirectories(folder.resolve(name)).also(write))

    /** A vector's length is the network's to say where config.json does not. */
    private fun Map<String, Head>.withoutLengths() = mapValues { it.value.copy(dimensions = 0) }

    @TestFactory
    fun `the files say what the open encoder says`(): List<DynamicTest> =
        mapOf<String, (Path) -> Unit>(
            "a bundle" to { Bundle(it) },
            "labels of a text" to { it.huggingFace(classifier(2), config("BertForSequenceClassification", listOf("red", "blue"))) },
            "a judgement on a pair" to
                {
                    val labels = listOf("ENTAILMENT", "NEUTRAL", "CONTRADICTION")
                    it.huggingFace(classifier(3), config("BertForSequenceClassification", labels))
                },
            "a score of a pair" to { it.huggingFace(classifier(1), config("BertForSequenceClassification", listOf("LABEL_0"))) },
            "labels of tokens" to { it.huggingFace(tagger(3), config("BertForTokenClassification", listOf("O", "B-X", "I-X"))) },
            "a vector" to { it.huggingFace(stateModel(), config("BertModel")) },
        ).map { (name, write) ->
            dynamicTest(name) {
                val source = source(name, write)
                val opened = openEncoder(EncoderConfig("e", source)).use { encoder -> encoder.heads.mapKeys { it.key.head } }
                headsOf(source).withoutLengths() shouldBe opened.withoutLengths()
            }
        }

    @Test
    fun `the trained bundle tells all, the built-in encoder its one head`() {
        val trained = EncoderSource.Folder(Path.of("../models/default"))
        headsOf(trained) shouldBe openEncoder(EncoderConfig("e", trained)).use { encoder -> encoder.heads.mapKeys { it.key.head } }
        headsOf(trained).getValue("domain").answersFrom shouldBe 0.3088
        headsOf(trained).getValue("pii").answersFrom shouldBe 0.15
        headsOf(EncoderSource.MiniLm) shouldBe mapOf("embedding" to Head(Task.EMBED, dimensions = 384))
    }

    @TestFactory
    fun `files that do not say are named`(): List<DynamicTest> =
        mapOf<String, (Path) -> Unit>(
            "config.json is missing" to { Files.writeString(it.resolve("model.onnx"), "") },
            "config.json is no JSON (line 1" to { it.huggingFace(stateModel(), "{") },
            "heads.json: expected a task" to
                { Bundle(it).heads("""{"name": "x", "task": "GUESS", "output": "topic", "labels": ["a", "b"]}""") },
        ).map { (message, write) ->
            dynamicTest(message) { shouldThrow<EncoderLoadException> { headsOf(source(message, write)) }.message shouldContain message }
        }

    @Test
    fun `no folder`() {
        val nowhere = EncoderSource.Folder(folder.resolve("nowhere"))
        shouldThrow<EncoderLoadException> { headsOf(nowhere) }.message shouldContain "expected a folder"
        shouldThrow<EncoderLoadException> { versionOf(nowhere) }.message shouldContain "expected a folder"
    }

    @Test
    fun `a version stands for the content`() {
        val bundle = source("bundle") { Bundle(it) }
        val version = versionOf(bundle)
        version shouldMatch Regex("[0-9a-f]{16}")
        versionOf(source("copy") { Bundle(it) }) shouldBe version
        versionOf(source("other") { Bundle(it).heads("""{"name": "topic"}""") }) shouldNotBe version
        versionOf(EncoderSource.MiniLm) shouldBe "built-in"
    }

    @Test
    fun `without a manifest it stands for the names and sizes of the files`() {
        val plain = source("plain") { it.huggingFace(stateModel(), config("BertModel")) }
        val version = versionOf(plain)
        versionOf(source("copy") { it.huggingFace(stateModel(), config("BertModel")) }) shouldBe version
        Files.writeString(plain.path.resolve("tokenizer.json"), " ", StandardOpenOption.APPEND)
        versionOf(plain) shouldNotBe version
    }
}
