package routercluster.inference

import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.io.TempDir
import routercluster.inference.tiny.Bundle
import routercluster.inference.tiny.MODERN_BERT_IDS
import routercluster.inference.tiny.classifier
import routercluster.inference.tiny.config
import routercluster.inference.tiny.huggingFace
import routercluster.inference.tiny.modernBertTokenizer
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import java.nio.file.Path
import java.util.Base64

/** Whatever a client sends, there is an answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
    @TempDir
    lateinit var bert: Path

    @TempDir
    lateinit var modern: Path

    private val encoders by lazy {
        modern.huggingFace(
            classifier(2, MODERN_BERT_IDS, withTypes = false),
            config("ModernBertForSequenceClassification", listOf("a", "b"), positions = 8192),
            modernBertTokenizer(),
        )
        listOf(openTiny(Bundle(bert).folder), openTiny(modern))
    }

    @AfterAll
    fun close() = encoders.forEach(OnnxEncoder::close)

    @TestFactory
    fun `a result, whatever the text`(): List<DynamicTest> =
        mapOf(
            "nothing" to "",
            "a blank" to " ",
            "a megabyte of words" to "hello world ".repeat(1_000_000 / 12),
            "a megabyte without a blank" to "x".repeat(1_000_000),
            "a megabyte of blanks" to " ".repeat(1_000_000),
            "a megabyte of emoji" to "😀".repeat(250_000),
            "a megabyte of marks on one letter" to "e" + "\u0301".repeat(500_000),
            "only emoji" to "😀👍🏽👩‍👩‍👧🇳🇴",
            "NUL" to "hello\u0000world\u0000",
            "control characters" to (0..31).map(Int::toChar).joinToString(""),
            "half a surrogate pair" to "hello \uD83D world \uDE00",
            "surrogates the wrong way round" to "\uDE00\uD83D",
            "mixed scripts" to "hello мир 世界 مرحبا שלום नमस्ते ไทย",
            "right to left with marks" to "\u202Eevil\u202C عربي",
            "base64" to Base64.getEncoder().encodeToString(ByteArray(30_000) { (it * 31).toByte() }),
            "special tokens" to "[CLS] hello [SEP] [SEP] world [PAD] <s> </s>",
            "leetspeak without end" to "1a".repeat(200_000),
            "not characters" to "\uFFFE\uFFFF\uFDD0",
        ).flatMap { (name, text) -> encoders.mapIndexed { i, encoder -> dynamicTest("$name, encoder $i") { answers(encoder, text) } } }

    private fun answers(encoder: OnnxEncoder, text: String) {
        val heads = encoder.heads.keys
            .filter { it.head != "support" }
            .toSet()
        val result = encoder.read(Passage(text, heads)).results.single()
        result.heads.keys shouldBe heads
        result.coverage.characters shouldBe text.length
        result.coverage.charactersRead shouldBeInRange 0..text.length
        for (found in result.heads.values) {
            when (found) {
                is HeadResult.Vector -> found.values.all(Float::isFinite) shouldBe true
                is HeadResult.Labels -> found.probabilities.all { it in 0f..1f } shouldBe true
                is HeadResult.Spans -> found.spans.all { it.start in 0 until it.end && it.end <= text.length } shouldBe true
                is HeadResult.Score -> (found.value in 0f..1f) shouldBe true
                is HeadResult.Failed -> throw AssertionError(found.reason)
            }
        }
        if ("support" in encoder.heads.keys.map { it.head }) encoder.read(Passage(text, setOf(tiny("support")), text))
    }
}
