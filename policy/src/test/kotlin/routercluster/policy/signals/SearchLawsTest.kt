package routercluster.policy.signals

import com.google.re2j.Pattern
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.request.Words
import kotlin.random.Random

/** The fast searches find what slow and plain ones find, in random texts of few letters, where coincidences abound. */
class SearchLawsTest {
    private val seed = Random.nextLong()
    private val random = Random(seed)
    private val nowhere = Location("test", "", 1, 1)

    @Test
    fun `literal search finds what a regular expression with word boundaries finds`() =
        repeatedly { text ->
            val keywords = List(5) { randomKeyword() }
            val plain =
                keywords.map {
                    val end = if (it.last().isLetter()) "(?!\\w)" else ""
                    Regex("(?<!\\w)" + Regex.escape(it).replace(" ", "\\E\\s+\\Q") + end).containsMatchIn(text)
                }
            withClue(keywords) { hits(LiteralSearch(keywords, caseSensitive = true), text) shouldBe plain }
        }

    @Test
    fun `patterns match as RE2 itself does, short cuts or not`() =
        repeatedly { text ->
            val pattern = patterns.random(random)
            val compiled = Pattern.compile(pattern, Pattern.CASE_INSENSITIVE)
            val search = PatternSearch(listOfNotNull(TextPattern.of(pattern, false, nowhere, Problems())))
            val matcher = compiled.matcher(text)
            var count = 0
            while (matcher.find()) count++
            withClue(pattern) {
                hits(search, text) shouldBe listOf(count > 0)
                when (val counted = TextPattern.of(pattern, false, nowhere, Problems(), counted = true)) {
                    is TextPattern.Automaton -> {
                        counted.countIn(Words.of(text), sighted(counted.phrases, text) !== Sighted.NOTHING) shouldBe count
                    }

                    is TextPattern.Literals -> {
                        counted.phrases.indices.sumOf(sighted(counted.phrases, text)::count) shouldBe count
                    }

                    null -> {
                        error("not a pattern")
                    }
                }
            }
        }

    @Test
    fun `fuzzy search finds a run of words within the distance, whatever it looks for besides`() =
        repeatedly { text ->
            val keywords = List(3) { List(random.nextInt(1, 4)) { word(2, 5) }.joinToString(" ") }
            val words = Words.of(text)
            val plain =
                keywords.map { keyword ->
                    val edits = Fuzziness.Percent(70).editsMax(keyword.length)
                    val count = keyword.count { it == ' ' } + 1
                    val runs = (maxOf(1, count - 1)..count + 1).flatMap { size -> (0..words.size - size).map { joined(words, it, size) } }
                    runs.any { alignmentDistance(keyword, it) <= edits }
                }
            val searches = keywords.map { FuzzySearch(listOf(it), Fuzziness.Percent(70), false) }
            withClue(keywords) { together(searches, FuzzySearch.sharing(searches), text) shouldBe plain }
        }

    @Test
    fun `n-gram search finds a run of words that is similar enough, whatever it looks for besides`() =
        repeatedly { text ->
            val keywords = List(3) { List(random.nextInt(1, 3)) { word(2, 6) }.joinToString(" ") }
            val words = Words.of(text)
            val plain =
                keywords.map { keyword ->
                    val count = keyword.count { it == ' ' } + 1
                    (0..words.size - count).any { similarity(grams(keyword), grams(joined(words, it, count))) >= 0.4 }
                }
            val searches = keywords.map { NgramSearch(listOf(it), 3, 0.4, false) }
            withClue(keywords) { together(searches, NgramSearch.sharing(searches), text) shouldBe plain }
        }

    /** What each search finds by an index that it shares with the others. */
    private fun together(searches: List<KeywordSearch>, shared: Map<out KeywordSearch, KeywordSearch>, text: String): List<Boolean> {
        val facts = said(text)
        return searches.map { checkNotNull(shared[it]).hits(facts, sighted(it.phrases, text)).single() }
    }

    @Test
    fun `one index over the phrases of many readers sees what each phrase alone does`() =
        repeatedly { small ->
            val text = small.map { if (random.nextInt(4) == 0) it.uppercaseChar() else it }.joinToString("")
            val pool = List(12) { randomPhrase() }
            val readers = List(4) { List(random.nextInt(0, 6)) { pool.random(random) } }
            val index = PhraseIndex(readers)
            val seen = index.sightingsIn(Words.of(text))
            val counts = readers.indices.map { reader -> readers[reader].indices.map(index.of(reader, seen)::count) }
            val plain = readers.map { phrases -> phrases.map { plainCount(it, Words.of(text)) } }
            withClue(readers) { counts shouldBe plain }
            withClue(readers) { readers.map { phrases -> phrases.map { it.countIn(Words.of(text)) } } shouldBe plain }
        }

    @Test
    fun `rules that share an index and their readings find what each finds alone`() =
        repeatedly { text ->
            val rules =
                List(6) { number ->
                    val keywords = keywords()
                    val search = if (random.nextBoolean()) bm25(keywords) else LiteralSearch(keywords, caseSensitive = false)
                    KeywordSignal("k$number", KeywordOperator.entries.random(random), keywords, search)
                }
            val alone = rules.map { it.read(said(text)) }
            val facts = said(text)
            val shared = sharingSearches(rules).map { checkNotNull(it).read(facts) }
            withClue(rules.map { rule -> rule.phrases }) { shared shouldBe alone }
        }

    /** Of few rules each counts its own words, of many one pass counts all. */
    @Test
    fun `bm25 holds what its formula says, in one index with others`() =
        repeatedly { text ->
            val searches = List(if (random.nextInt(8) == 0) 40 else 4) { keywords() }.map { it to bm25(it) }
            val index = PhraseIndex(searches.map { it.second.phrases }, searches.map { it.second.groups })
            val words = Words.of(text)
            val seen = index.sightingsIn(words)
            searches.forEachIndexed { reader, (keywords, search) ->
                val plain =
                    keywords.map { keyword ->
                        val weakest = keyword.split(' ').minOf { word -> plainCount(Phrase(word, false), words) }
                        weakest / (weakest + 1.2 * (0.25 + 0.75 * words.size / 256.0)) >= 0.1 && weakest > 0
                    }
                withClue(keywords) { search.hits(said(text), index.of(reader, seen)).toList() shouldBe plain }
            }
        }

    private fun keywords() = List(random.nextInt(1, 4)) { List(random.nextInt(1, 4)) { word(1, 3) }.joinToString(" ") }

    private fun bm25(keywords: List<String>) = Bm25Search(keywords, 0.1, caseSensitive = false)

    private fun randomPhrase() =
        Phrase(
            randomKeyword() + listOf("", "", "ba", ". a").random(random),
            caseSensitive = random.nextBoolean(),
            wholeWords = random.nextBoolean(),
            looseBlanks = random.nextBoolean(),
        )

    /** Tries every place; those where a phrase may begin anywhere do not lie over one another. */
    private fun plainCount(phrase: Phrase, words: Words): Int {
        var count = 0
        var free = 0
        for (at in words.raw.indices) {
            val end = phrase.endIn(words, at)
            if (end < 0 || (at < free && phrase.lead.isEmpty())) continue
            count++
            free = end
        }
        return count
    }

    private fun sighted(phrases: List<Phrase>, text: String): Sighted =
        PhraseIndex(listOf(phrases)).let { it.of(0, it.sightingsIn(Words.of(text))) }

    private fun hits(search: KeywordSearch, text: String): List<Boolean> =
        search.hits(said(text), sighted(search.phrases, text)).toList()

    private fun repeatedly(check: (String) -> Unit) =
        repeat(2_000) {
            val text = randomText()
            withClue("seed $seed, text <$text>") { check(text) }
        }

    private fun randomText(): String = List(random.nextInt(0, 12)) { word(1, 6) + separators.random(random) }.joinToString("")

    private fun randomKeyword(): String =
        List(random.nextInt(1, 3)) { word(1, 3) }.joinToString(" ") + listOf("", "", "-", "+").random(random)

    private fun word(least: Int, most: Int): String = String(CharArray(random.nextInt(least, most + 1)) { "aab".random(random) })

    private fun joined(words: Words, first: Int, count: Int): String =
        (first until first + count).joinToString(" ") { words.folded.substring(words.start(it), words.end(it)) }

    private fun grams(text: String): Map<String, Int> = "  $text  ".windowed(3).groupingBy { it }.eachCount()

    private fun similarity(a: Map<String, Int>, b: Map<String, Int>): Double {
        val common = a.entries.sumOf { minOf(it.value, b[it.key] ?: 0) }
        return common.toDouble() / (a.values.sum() + b.values.sum() - common)
    }

    private fun alignmentDistance(a: String, b: String): Int {
        val d = Array(a.length + 1) { i ->
            IntArray(b.length + 1) { j ->
                if (i == 0) {
                    j
                } else if (j == 0) {
                    i
                } else {
                    0
                }
            }
        }
        for (i in 1..a.length) {
            for (j in 1..b.length) {
                d[i][j] = minOf(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + if (a[i - 1] == b[j - 1]) 0 else 1)
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = minOf(d[i][j], d[i - 2][j - 2] + 1)
            }
        }
        return d[a.length][b.length]
    }

    private companion object {
        val separators = listOf(" ", " ", " ", "  ", "-", ". ", "\n", "+", "1")
        val patterns =
            listOf(
                "aa",
                "a",
                "[ab]",
                "[+-]",
                "(?:ab|ba)",
                "\\b(ab|b)\\b",
                "\\bab\\b",
                "a\\.",
                "a\\. b",
                "a-b?",
                "a+b-?",
                "(a|b)-a",
                "a{2}-",
                "-{0}a",
                "(?m)^a",
                "ba$",
                "[^a]b\\.",
                "\\d+",
                "a|b-",
                "(ab)?-",
                "aa-(b|1)\\d",
                "a b",
                "(?i)AB",
                "\\x61",
                "\\.\\s",
                "a\\b-",
                "\\Ba|b\\B",
                "(?s)a.b|^.\\z",
                "(?i:A)b(?-i)c?|K-",
                "(a|b-){2,3}\\b",
                "(a*)*-(b?)+$",
                "(?:a|ab).{0,3}(?:b-|1)",
                "[[:digit:]]\\s|[^\\]a-b]\\pL",
                "^$",
                "\\Aa.*\\nb",
                "(?P<x>a)(?<y>b)|ß|ſ",
            )
    }
}
