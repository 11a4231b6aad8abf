package routercluster.policy.signals

import routercluster.policy.request.Words

/** Tells which of a rule's keywords a text holds, in the order of the rule. Linear in the text. */
internal fun interface KeywordSearch {
    fun hits(words: Words): BooleanArray
}

/** A keyword is held where it stands as whole words; in scripts without blanks, anywhere. */
internal fun literalSearch(keywords: List<String>, caseSensitive: Boolean): KeywordSearch {
    val phrases = PhraseSet(keywords.map { Phrase(it, caseSensitive) })
    return KeywordSearch { words ->
        BooleanArray(keywords.size).also { hits -> phrases.forEachIn(words) { phrase, _ -> hits[phrase] = true } }
    }
}

/** A keyword is held where its regular expression matches. */
internal fun patternSearch(patterns: List<TextPattern>): KeywordSearch {
    val owners = patterns.flatMapIndexed {
        index,
        pattern,
        ->
        if (pattern is TextPattern.Literals) pattern.phrases.map { index } else emptyList()
    }
    val phrases = PhraseSet(patterns.filterIsInstance<TextPattern.Literals>().flatMap { it.phrases })
    val automata = patterns.withIndex().mapNotNull { (index, pattern) -> (pattern as? TextPattern.Automaton)?.let { index to it } }
    return KeywordSearch { words ->
        val hits = BooleanArray(patterns.size)
        phrases.forEachIn(words) { phrase, _ -> hits[owners[phrase]] = true }
        for ((index, automaton) in automata) hits[index] = automaton.occursIn(words)
        hits
    }
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
internal fun bm25Search(keywords: List<String>, threshold: Double, caseSensitive: Boolean): KeywordSearch {
    val terms = keywords.map { keyword -> keyword.trim().split(Regex("\\s+")).distinct() }
    val all = terms.flatten().distinct()
    val places = terms.map { words -> words.map(all::indexOf).toIntArray() }
    val phrases = PhraseSet(all.map { Phrase(it, caseSensitive) })
    return KeywordSearch { words ->
        val counts = IntArray(all.size)
        phrases.forEachIn(words) { phrase, _ -> counts[phrase]++ }
        val rest = TERM_SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * words.size / AVERAGE_LENGTH_WORDS)
        BooleanArray(keywords.size) { keyword ->
            val weakest = places[keyword].minOf { counts[it] }
            weakest > 0 && weakest / (weakest + rest) >= threshold
        }
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
