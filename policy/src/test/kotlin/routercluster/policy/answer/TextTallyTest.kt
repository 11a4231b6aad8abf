package routercluster.policy.answer

import com.fasterxml.jackson.core.io.JsonStringEncoder
import com.knuddels.jtokkit.Encodings
import com.knuddels.jtokkit.api.EncodingType
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.TextWeight
import kotlin.math.abs

class TextTallyTest {
    private val texts =
        listOf("chinese", "code", "prose").associateWith { checkNotNull(javaClass.getResource("/texts/$it.txt")).readText() }
    private val odd = "Ärger \"x\" \\ / \u0000\u0007\b\u000c\r\n\t e\u0301 \u2028 漢字 かな 한글 🦆🦆"

    @Test
    fun `weighs a text as it stands in JSON, however it is escaped and cut`() {
        for (text in texts.values.map { it.take(3_000) } + odd) {
            val expected = TextWeight.of(text, 0, text.length)
            for (json in listOf(quoted(text), ascii(text))) {
                for (step in listOf(json.size, 1, 2, 3, 7)) {
                    withClue("in steps of $step: ${String(json).take(100)}") { weight(json, step) shouldBe expected }
                }
            }
        }
    }

    @Test
    fun `what is no text weighs something and does no harm`() {
        for (bytes in listOf("\\u12", "\\uZZZZ", "\\", "\\q").map(String::toByteArray) + byteArrayOf(-1, -65, -16, 65, -64, -128)) {
            weight(bytes, 1) shouldBe weight(bytes, bytes.size)
        }
    }

    /** Of pieces as long as short answers are; the longer a text, the nearer. */
    @Test
    fun `is near to what a tokenizer counts`() {
        val exact = Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.O200K_BASE)
        for ((name, text) in texts) {
            val errors =
                (0..text.length - ANSWER_CHARS step ANSWER_CHARS / 4)
                    .map { text.substring(it, it + ANSWER_CHARS) }
                    .map { piece ->
                        val tokens = exact.countTokensOrdinary(piece)
                        abs(weight(quoted(piece), piece.length) / 100.0 - tokens) / tokens
                    }
            withClue("$name: mean ${errors.average()}, worst ${errors.max()} of ${errors.size}") {
                errors.average() shouldBeLessThan 0.06
                errors.max() shouldBeLessThan 0.30
            }
        }
    }

    private fun weight(json: ByteArray, step: Int): Long {
        val tally = TextTally()
        for (start in json.indices step step) tally.add(json, start, minOf(json.size, start + step))
        return tally.sum
    }

    private fun quoted(text: String): ByteArray = JsonStringEncoder.getInstance().quoteAsUTF8(text)

    private fun ascii(text: String): ByteArray =
        text
            .map { if (it.code < 0x80 && it >= ' ' && it != '"' && it != '\\') "$it" else "\\u" + "%04x".format(it.code) }
            .joinToString("")
            .toByteArray()

    private companion object {
        const val ANSWER_CHARS = 400
    }
}
