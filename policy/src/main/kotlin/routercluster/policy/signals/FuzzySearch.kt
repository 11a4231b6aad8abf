package routercluster.policy.signals

import routercluster.policy.request.Words

/**
 * A keyword is held where some run of the text's words is at most [editsOf] edits away from it: insertions, deletions,
 * substitutions and swaps of neighbours. Runs are as long as the keyword, one word shorter or one longer, so that words
 * written together or apart are found too. What stands between words counts as one blank.
 */
internal class FuzzySearch(keywords: List<String>, fuzziness: Fuzziness, private val caseSensitive: Boolean) {
    private class Target(val text: String, val edits: Int, val letters: Long, val words: Int)

    private val targets =
        keywords.map { keyword ->
            val text = joinedKeyword(keyword, caseSensitive)
            Target(text, fuzziness.editsMax(text.length), letters(text.toCharArray(), text.length), Words.of(text).size)
        }
    private val runs = targets
        .flatMap { listOf(it.words - 1, it.words, it.words + 1) }
        .filter { it > 0 }
        .distinct()
        .sorted()
    private val byRun = runs.map { run -> targets.indices.filter { targets[it].words - run in -1..1 }.toIntArray() }
    private val lengthMax = targets.maxOf { it.text.length + it.edits }
    private val lengthsMin = byRun.map { group -> group.minOf { targets[it].text.length - targets[it].edits } }

    /** Adds to [hits], passing over keywords that are found already. */
    fun addTo(hits: BooleanArray, words: Words) {
        val window = CharArray(lengthMax)
        val rows = Array(3) { IntArray(lengthMax + 1) }
        for ((place, run) in runs.withIndex()) {
            for (first in 0..words.size - run) {
                if (words.end(first + run - 1) - words.start(first) < lengthsMin[place]) continue
                val length = joinWords(words, first, run, caseSensitive, window)
                if (length < 0) continue
                val letters = letters(window, length)
                for (index in byRun[place]) {
                    if (!hits[index] && isNear(targets[index], window, length, letters, rows)) hits[index] = true
                }
            }
        }
    }

    private fun isNear(target: Target, window: CharArray, length: Int, letters: Long, rows: Array<IntArray>): Boolean {
        if (length - target.text.length !in -target.edits..target.edits) return false
        if ((target.letters and letters.inv()).countOneBits() > target.edits) return false
        if ((letters and target.letters.inv()).countOneBits() > target.edits) return false
        return isWithin(target.text, window, length, target.edits, rows)
    }

    /** Which letters occur, several sharing a bit: each edit can add at most one and remove at most one. */
    private fun letters(chars: CharArray, length: Int): Long {
        var bits = 0L
        for (i in 0 until length) bits = bits or (1L shl (chars[i].code and 63))
        return bits
    }
}

/** A keyword is held where it stands as whole words, or where [FuzzySearch] finds it. */
internal class LiteralOrFuzzySearch(keywords: List<String>, fuzziness: Fuzziness, caseSensitive: Boolean) : KeywordSearch {
    private val literal = LiteralSearch(keywords, caseSensitive)
    private val fuzzy = FuzzySearch(keywords, fuzziness, caseSensitive)
    override val phrases: List<Phrase> get() = literal.phrases
    override val goesByPhrases = false

    override fun hits(words: Words, seen: Sighted) = literal.hits(words, seen).also { fuzzy.addTo(it, words) }
}

/** Optimal string alignment distance of [a] and the first [length] of [b] is at most [editsMax]. */
private fun isWithin(a: String, b: CharArray, length: Int, editsMax: Int, rows: Array<IntArray>): Boolean {
    var (beforePrevious, previous, current) = rows
    for (j in 0..length) previous[j] = j
    for (i in 1..a.length) {
        current[0] = i
        var best = i
        for (j in 1..length) {
            val same = a[i - 1] == b[j - 1]
            var edits = minOf(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + if (same) 0 else 1)
            val swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
            if (swapped) edits = minOf(edits, beforePrevious[j - 2] + 1)
            current[j] = edits
            best = minOf(best, edits)
        }
        if (best > editsMax + 1) return false
        val free = beforePrevious
        beforePrevious = previous
        previous = current
        current = free
    }
    return previous[length] <= editsMax
}

/**
 * How far a text may be from a keyword; written as one number, `fuzzy_threshold`.
 *
 * Up to 10 it is a number of edits, though a keyword of `n` characters never allows more than `(n - 1) / 3`, as `ssn` would
 * otherwise be found in any text. From 50 to 100 it is a similarity in percent, `100 * (1 - edits / n)`: 82 allows one edit in
 * `password` and two in `social security`. What lies between would be neither and is refused.
 */
internal sealed interface Fuzziness {
    fun editsMax(chars: Int): Int

    data class Edits(val max: Int) : Fuzziness {
        override fun editsMax(chars: Int): Int = minOf(max, (chars - 1).coerceAtLeast(0) / CHARS_PER_EDIT)
    }

    data class Percent(val min: Int) : Fuzziness {
        override fun editsMax(chars: Int): Int = chars * (100 - min) / 100
    }

    companion object {
        private const val CHARS_PER_EDIT = 3
        val DEFAULT: Fuzziness = Edits(2)

        /** Null where [threshold] is neither. */
        fun of(threshold: Int): Fuzziness? =
            when (threshold) {
                0 -> DEFAULT
                in 1..10 -> Edits(threshold)
                in 50..100 -> Percent(threshold)
                else -> null
            }
    }
}
