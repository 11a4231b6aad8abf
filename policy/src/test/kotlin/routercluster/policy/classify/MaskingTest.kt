package routercluster.policy.classify

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Span

/** Where personal data stands in texts of any script, and what a mask leaves of them. */
class MaskingTest {
    private class Row(val text: String, val found: String, val whole: String, val codePoints: IntRange, val masked: String)

    private val rows =
        listOf(
            Row("I am Anna.", "Anna", "Anna", 5..8, "I am [PERSON]."),
            // Astral characters are two UTF-16 units and one code point.
            Row("😀😀 Anna 😀", "Anna", "Anna", 3..6, "😀😀 [PERSON] 😀"),
            Row("𝔸nna was here", "𝔸nna", "𝔸nna", 0..3, "[PERSON] was here"),
            Row("我叫王小明,住在北京", "王小明", "王小明", 2..4, "我叫[PERSON],住在北京"),
            Row("𠮷野家の王さん", "王", "王", 4..4, "𠮷野家の[PERSON]さん"),
            Row("اسمي محمد من دمشق", "محمد", "محمد", 5..8, "اسمي [PERSON] من دمشق"),
            Row("שמי דוד \u200F(מנהל)", "דוד", "דוד", 4..6, "שמי [PERSON] \u200F(מנהל)"),
            // A mark that stands on the last letter goes with it, although a tokenizer that strips accents does not count it.
            Row("je suis Andre\u0301 ici", "Andre", "Andre\u0301", 8..13, "je suis [PERSON] ici"),
            Row("นี่คือ สมชาย\u0E4C", "สมชาย", "สมชาย\u0E4C", 7..12, "นี่คือ [PERSON]"),
            // A span that begins on a mark takes the letter too.
            Row("x e\u0301mile", "\u0301mile", "e\u0301mile", 2..7, "x [PERSON]"),
            // Half a surrogate pair is never left over.
            Row("a 😀b", "\uDE00b", "😀b", 2..3, "a [PERSON]"),
        )

    @Test
    fun `entities hold whole characters, counted in code points and in UTF-16 units`() {
        for (row in rows) {
            withClue(row.text) {
                val start = row.text.indexOf(row.found)
                val finding = finding(row.text, Span("PERSON", start, start + row.found.length, 0.9f))
                val entity = finding.entities.single()
                finding.textOf(entity) shouldBe row.whole
                entity.codePoints shouldBe row.codePoints
                entity.utf16 shouldBe row.text.indexOf(row.whole).let { it until it + row.whole.length }
                finding.masked() shouldBe row.masked
            }
        }
    }

    @Test
    fun `several entities, neighbours and overlapping ones, are masked once each`() {
        val text = "😀 Anna王小明 anna@x.de"
        val spans =
            listOf(
                Span("EMAIL_ADDRESS", 11, 20, 1f),
                Span("PERSON", 3, 7, 0.8f),
                Span("PERSON", 7, 10, 0.9f),
                Span("GPE", 8, 10, 0.7f),
            )
        val finding = finding(text, *spans.toTypedArray())
        finding.masked() shouldBe "😀 [PERSON][PERSON] [EMAIL_ADDRESS]"
        finding.entities.map { it.codePoints } shouldBe listOf(2..5, 6..8, 7..8, 10..18)
        finding.confidence shouldBe 1.0
    }

    @Test
    fun `a text without any stays as it is`() {
        val finding = finding("\uD800 half a pair, NUL \u0000")
        (finding.label to finding.masked()) shouldBe ("none" to "\uD800 half a pair, NUL \u0000")
    }

    @Test
    fun `a span outside the text is the encoder's fault`() {
        for (span in listOf(Span("PERSON", -1, 1, 1f), Span("PERSON", 2, 9, 1f), Span("PERSON", 2, 1, 1f))) {
            shouldThrow<EncodeFailure.Unavailable> { entitiesOf("Anna", listOf(span)) }
        }
    }

    private fun finding(text: String, vararg spans: Span) =
        PiiFinding(text, entitiesOf(text, spans.toList()), Coverage(1, 1, text.length, text.length))
}
