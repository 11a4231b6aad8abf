package routercluster.policy.request

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class WordsTest {
    @Test
    fun `words are found in all scripts`() {
        val table =
            mapOf(
                "" to "",
                "Hello, World_2!" to "hello|world_2",
                "don’t e-mail" to "don|t|e|mail",
                "用iPhone手机" to "用|iphone|手|机",
                "비밀" to "비|밀",
                "आधार नंबर" to "आधार|नंबर",
                "a😀b" to "a|b",
                "𠀀a\uD83D" to "𠀀|a",
                "Ünïcode" to "ünïcode",
            )
        table.mapValues { (text, _) ->
            Words.of(text).let { words ->
                (0 until words.size).joinToString("|") { words.folded.substring(words.start(it), words.end(it)) }
            }
        } shouldBe
            table
    }

    @Test
    fun `folding keeps the length`() {
        listOf("İSTANBUL", "STRASSE", "ſK’Σς", "😀A").forEach { Words.fold(it).length shouldBe it.length }
        Words.fold("ſK’Σς") shouldBe "sk'σσ"
    }

    @Test
    fun `hashes are those of the folded words`() {
        val words = Words.of("Some Words 中文 𠀀")
        (0 until words.size).forEach { words.hash(it) shouldBe words.folded.substring(words.start(it), words.end(it)).hashCode() }
    }
}
