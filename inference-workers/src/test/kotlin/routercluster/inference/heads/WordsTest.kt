package routercluster.inference.heads

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.inference.text.Tokens
import routercluster.policy.encode.Span
import kotlin.math.ln

class WordsTest {
    @Test
    fun `pieces are put together, marks and ideographs stand alone`() {
        val text = "John's e-mail 東京"
        val words = wordsOf(text, tokens(0 to 2, 2 to 4, 4 to 5, 5 to 6, 7 to 8, 8 to 9, 9 to 13, 14 to 15, 15 to 16))
        words.map { text.substring(it.start, it.end) } shouldContainExactly listOf("John", "'", "s", "e", "-", "mail", "東", "京")
        words.first().until shouldBe 2
    }

    @Test
    fun `white space at a token's edges is none of the word`() {
        val text = "in Oslo"
        wordsOf(text, tokens(0 to 2, 2 to 7)).map { text.substring(it.start, it.end) } shouldContainExactly listOf("in", "Oslo")
    }

    @Test
    fun `a span begins with B and goes on with I`() {
        val spans = tag(listOf("O", "B-PER", "I-PER"), "O B-PER I-PER B-PER O")
        spans shouldContainExactly listOf(Span("PER", 1, 3, 0.8f), Span("PER", 3, 4, 0.8f))
    }

    @Test
    fun `an I that cannot stand where it is best loses to the best allowed path`() {
        tag(listOf("O", "B-PER", "I-PER"), "I-PER I-PER O").single().let { it.start to it.end } shouldBe (0 to 2)
        tag(listOf("O", "B-PER", "I-PER", "B-LOC", "I-LOC"), "B-LOC I-PER").map(Span::label).distinct().size shouldBe 1
    }

    @Test
    fun `a type that has no B begins with its I`() {
        tag(listOf("O", "I-PER"), "I-PER I-PER O") shouldContainExactly listOf(Span("PER", 0, 2, 0.85f))
    }

    /** Words of one character; each label in [path] has the most probability in its row. */
    private fun tag(labels: List<String>, path: String): List<Span> {
        val chosen = path.split(' ')
        val words = chosen.indices.map { Word(it, it + 1, it, it + 1) }
        val rest = if (labels.size == 2) 0.15f else 0.2f / (labels.size - 1)
        val rows = chosen.map { label ->
            FloatArray(labels.size) {
                ln(
                    if (labels[it] ==
                        label
                    ) {
                        (if (labels.size == 2) 0.85f else 0.8f)
                    } else {
                        rest
                    },
                )
            }
        }
        return Tagging(labels).spans(words, rows).map { it.copy(confidence = Math.round(it.confidence * 1000) / 1000f) }
    }

    private fun tokens(vararg places: Pair<Int, Int>) =
        Tokens(IntArray(places.size), places.map { it.first }.toIntArray(), places.map { it.second }.toIntArray(), 0)
}
