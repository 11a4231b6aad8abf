package routercluster.policy.signals

import routercluster.policy.request.Derivation
import routercluster.policy.request.Facts
import routercluster.policy.request.Words

/**
 * A keyword is held where it stands as whole words, or where some run of the text's words is at most [editsOf][Fuzziness.editsMax] edits away from it:
 * insertions, deletions, substitutions and swaps of neighbours. Runs are as long as the keyword, one word shorter or one longer, so
 * that words written together or apart are found too. What stands between words counts as one blank.
 */
internal class FuzzySearch private constructor(
    private val literal: LiteralSearch,
    private val index: FuzzyIndex,
    private val first: Int,
) : KeywordSearch {
    constructor(keywords: List<String>, fuzziness: Fuzziness, caseSensitive: Boolean) :
        this(LiteralSearch(keywords, caseSensitive), FuzzyIndex(caseSensitive, keywords.map { FuzzyIndex.Wanted(it, fuzziness) }), 0)

    override val phrases: List<Phrase> get() = literal.phrases
    override val goesByPhrases = false

    override fun hits(facts: Facts, seen: Sighted): BooleanArray =
        facts.derived(index).let { near -> BooleanArray(phrases.size) { seen.has(it) || near[first + it] } }

    companion object {
        /** The same searches, those that fold case alike by one index. */
        fun sharing(searches: List<FuzzySearch>): Map<FuzzySearch, FuzzySearch> =
            searches
                .groupBy { it.index.caseSensitive }
                .values
                .flatMap { alike ->
                    val index = FuzzyIndex(alike.first().index.caseSensitive, alike.flatMap { it.index.wanted })
                    val firsts = alike.runningFold(0) { first, search -> first + search.phrases.size }
                    alike.zip(firsts) { search, first -> search to FuzzySearch(search.literal, index, first) }
                }.toMap()
    }
}

/** Finds which of many keywords a text comes near, passing over its words once for each number of words in a run. */
internal class FuzzyIndex(val caseSensitive: Boolean, val wanted: List<Wanted>) : Derivation<BooleanArray> {
    data class Wanted(val keyword: String, val fuzziness: Fuzziness)

    private class Target(val number: Int, val text: String, val edits: Int, val words: Int) {
        val letters = letters(text.toCharArray(), text.length)
    }

    private val targets =
        wanted.mapIndexed { number, (keyword, fuzziness) ->
            val text = joinedKeyword(keyword, caseSensitive)
            Target(number, text, fuzziness.editsMax(text.length), Words.of(text).size)
        }
    private val lengthMax = targets.maxOf { it.text.length + it.edits }
    private val runs = targets
        .flatMap { listOf(it.words - 1, it.words, it.words + 1) }
        .filter { it > 0 }
        .distinct()
        .sorted()

    /** Keywords that a run could be near, and of each beside the others what tells quickly that it is not. */
    private class Group(val targets: Array<Target>) {
        private val letters = LongArray(targets.size) { targets[it].letters }
        private val edits = IntArray(targets.size) { targets[it].edits }

        /** Calls [found] with those whose letters do not differ from [run]'s by too many. */
        inline fun forEachNear(run: Long, found: (Target) -> Unit) {
            for (i in letters.indices) {
                val own = letters[i]
                if ((own and run.inv()).countOneBits() <= edits[i] && (run and own.inv()).countOneBits() <= edits[i]) found(targets[i])
            }
        }
    }

    /** Per run, by its length in characters. */
    private val byLength =
        runs.map { run ->
            val group = targets.filter { it.words - run in -1..1 }
            Array(lengthMax + 1) { length -> Group(group.filter { length - it.text.length in -it.edits..it.edits }.toTypedArray()) }
        }
    private val lengthsMin = byLength.map { lengths -> lengths.indexOfFirst { it.targets.isNotEmpty() } }

    override fun derive(facts: Facts): BooleanArray {
        val words = facts.words
        val hits = BooleanArray(targets.size)
        val window = CharArray(lengthMax)
        val rows = Array(3) { IntArray(lengthMax + 1) }
        for ((place, run) in runs.withIndex()) {
            for (first in 0..words.size - run) {
                if (words.end(first + run - 1) - words.start(first) < lengthsMin[place]) continue
                val length = joinWords(words, first, run, caseSensitive, window)
                if (length < 0) continue
                byLength[place][length].forEachNear(letters(window, length)) { target ->
                    if (!hits[target.number] && isWithin(target.text, window, length, target.edits, rows)) hits[target.number] = true
                }
            }
        }
        return hits
    }

    private companion object {
        /** Which letters occur, several sharing a bit: each edit can add at most one and remove at most one. */
        fun letters(chars: CharArray, length: Int): Long {
            var bits = 0L
            for (i in 0 until length) bits = bits or (1L shl (chars[i].code and 63))
            return bits
        }
    }
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
