package routercluster.policy.signals

import routercluster.policy.request.Facts
import routercluster.policy.request.Words

/** Tells which of a rule's keywords a text holds, in the order of the rule. Linear in the text. */
internal interface KeywordSearch {
    /** What to look for in the text. */
    val phrases: List<Phrase>

    /** Per keyword the places of its [phrases], all of which must occur; null where each phrase is enough for something. */
    val groups: List<IntArray>? get() = null

    /** Whether nothing can be held where none of [phrases] occurs. */
    val goesByPhrases: Boolean

    fun hits(facts: Facts, seen: Sighted): BooleanArray
}

/** A keyword is held where it stands as whole words; in scripts without blanks, anywhere. */
internal class LiteralSearch(keywords: List<String>, caseSensitive: Boolean) : KeywordSearch {
    override val phrases = keywords.map { Phrase(it, caseSensitive) }
    override val goesByPhrases = true

    override fun hits(facts: Facts, seen: Sighted) = BooleanArray(phrases.size, seen::has)
}

/** A keyword is held where its regular expression matches. */
internal class PatternSearch(private val patterns: List<TextPattern>) : KeywordSearch {
    private val starts = patterns.runningFold(0) { start, pattern -> start + pattern.phrases.size }
    override val phrases = patterns.flatMap { it.phrases }
    override val goesByPhrases = patterns.all { it.phrases.isNotEmpty() }

    override fun hits(facts: Facts, seen: Sighted) = BooleanArray(patterns.size) { patterns[it].occursIn(facts.words, isSighted(it, seen)) }

    private fun isSighted(pattern: Int, seen: Sighted): Boolean = (starts[pattern] until starts[pattern + 1]).any(seen::has)
}

private const val TERM_SATURATION = 1.2
private const val LENGTH_WEIGHT = 0.75
private const val AVERAGE_LENGTH_WORDS = 256.0

/**
 * Each keyword is a query and the text the only document, scored with Okapi BM25 without its rarity factor, which needs a
 * collection: for a word that occurs `f` times in a text of `n` words
 *
 * `score = f / (f + 1.2 * (0.25 + 0.75 * n / 256))`, in 0..1.
 *
 * A keyword of several words has the score of its weakest word, so all must occur, in any order. A keyword is held from
 * [threshold] on, which thus says how much of the text is about it: at 0.1 one mention is enough up to 2,400 words, two up to
 * 5,000; at 0.4 one mention up to 340. Words are compared whole, without stemming.
 */
internal class Bm25Search(keywords: List<String>, private val threshold: Double, caseSensitive: Boolean) : KeywordSearch {
    private val terms = keywords.map { keyword -> keyword.trim().split(blanks).distinct() }
    private val all = terms.flatten().distinct()
    private val places = all.withIndex().associate { (place, term) -> term to place }
    private val placesOf = terms.map { words -> words.map(places::getValue).toIntArray() }
    override val groups: List<IntArray> get() = placesOf
    override val phrases = all.map { Phrase(it, caseSensitive) }
    override val goesByPhrases = true

    override fun hits(facts: Facts, seen: Sighted): BooleanArray {
        val rest = TERM_SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * facts.words.size / AVERAGE_LENGTH_WORDS)
        return BooleanArray(placesOf.size) { keyword ->
            val weakest = placesOf[keyword].minOf(seen::count)
            weakest > 0 && weakest / (weakest + rest) >= threshold
        }
    }

    private companion object {
        val blanks = Regex("\\s+")
    }
}

/** The words from [first] on, [count] of them, with a blank between those that do not touch; -1 where [into] is too small. */
internal fun joinWords(words: Words, first: Int, count: Int, caseSensitive: Boolean, into: CharArray): Int {
    val body = if (caseSensitive) words.raw else words.folded
    var length = 0
    for (word in first until first + count) {
        val start = words.start(word)
        val end = words.end(word)
        val gap = if (word == first || words.touchesPrevious(word)) 0 else 1
        if (length + gap + end - start > into.size) return -1
        if (gap == 1) into[length++] = ' '
        body.toCharArray(into, length, start, end)
        length += end - start
    }
    return length
}

/** [keyword] as [joinWords] would write it; empty where it holds no word. */
internal fun joinedKeyword(keyword: String, caseSensitive: Boolean): String {
    val words = Words.of(keyword)
    val chars = CharArray(keyword.length)
    return String(chars, 0, joinWords(words, 0, words.size, caseSensitive, chars))
}
