package routercluster.policy.signals

import com.google.re2j.Pattern
import io.kotest.assertions.withClue
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.random.Random

class LazyAutomatonTest {
    private val seed = Random.nextLong()
    private val random = Random(seed)

    @Test
    fun `it finds what RE2 finds, whatever it has been asked before`() =
        repeat(400) {
            val pattern = randomPattern(depth = 3)
            val caseSensitive = random.nextBoolean()
            val automaton = automatonOf(pattern, caseSensitive)
            val compiled = compile(pattern, caseSensitive)
            repeat(25) {
                val text = randomText(random.nextInt(0, 14))
                val clue = "seed $seed, pattern <$pattern>, text <$text>, case sensitive $caseSensitive"
                withClue(clue) { automaton.occursIn(text) shouldBe compiled.matcher(text).find() }
            }
        }

    @Test
    fun `several threads share what it learns`() {
        val pattern = "(a|é).{0,6}(b|-)[^a]{2}\\bk"
        val automaton = automatonOf(pattern, caseSensitive = false)
        val compiled = compile(pattern, caseSensitive = false)
        val texts = List(2_000) { randomText(random.nextInt(5, 40)) }
        val threads = Executors.newFixedThreadPool(4)
        try {
            val found = threads.invokeAll(List(4) { Callable { texts.map(automaton::occursIn) } }).map { it.get() }
            withClue("seed $seed") { found.forEach { it shouldBe texts.map { text -> compiled.matcher(text).find() } } }
        } finally {
            threads.shutdownNow()
        }
    }

    @Test
    fun `a pattern that needs too many states for a text leaves it to RE2`() {
        val automaton = automatonOf("a.{200}b.{200}c", caseSensitive = true)
        val text = String(CharArray(200_000) { "aab".random(random) })
        automaton.occursIn(text) shouldBe null
        automaton.occursIn("a".repeat(100)) shouldBe false
        automaton.occursIn("a" + "x".repeat(200) + "b" + "y".repeat(200) + "c") shouldBe true
    }

    private fun automatonOf(pattern: String, caseSensitive: Boolean): LazyAutomaton {
        val node = PatternReader(pattern, caseSensitive).read()
        return LazyAutomaton(withClue(pattern) { node?.let(PatternProgram::of).shouldNotBeNull() })
    }

    private fun compile(pattern: String, caseSensitive: Boolean) = Pattern.compile(
        pattern,
        if (caseSensitive) 0 else Pattern.CASE_INSENSITIVE,
    )

    private fun randomPattern(depth: Int): String {
        val part = { "(?:${randomPattern(depth - 1)})" }
        return when (if (depth == 0) 0 else random.nextInt(6)) {
            0, 1 -> atoms.random(random)
            2 -> part() + listOf("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?").random(random)
            3 -> List(random.nextInt(2, 4)) { randomPattern(depth - 1) }.joinToString("|")
            else -> List(random.nextInt(2, 4)) { part() }.joinToString("")
        }
    }

    private fun randomText(length: Int): String = List(length) { characters.random(random) }.joinToString("")

    private companion object {
        val characters =
            listOf("a", "b", "A", "k", "\u212A", "s", "\u017F", "é", "É", "-", " ", "\n", "1", "_", "😀", "\uD83D", "文", "ς", "Σ")
        val atoms =
            listOf(
                "a",
                "b",
                "ab",
                "k",
                "s",
                "é",
                "-",
                "1",
                "😀",
                "文",
                "σ",
                "\\.",
                ".",
                "\\d",
                "\\w",
                "\\W",
                "\\s",
                "[a-k]",
                "[^a]",
                "[^\\n-]",
                "\\pL",
            ) +
                listOf(
                    "^",
                    "$",
                    "\\b",
                    "\\B",
                    "\\A",
                    "\\z",
                    "(?m)^",
                    "(?m)$",
                    "(?s).",
                    "(?i)a",
                    "(?-i)a",
                    "(?:)",
                    "[é-ü]",
                    "[[:alpha:]]",
                    "\\x{e9}",
                    "\\n",
                )
    }
}
