package routercluster.policy.signals

import routercluster.policy.request.Derivation
import routercluster.policy.request.Facts
import routercluster.policy.request.Words

/**
 * A keyword is held where some run of as many words as it has is similar to it: similarity is the share of common character
 * n-grams, `common / (keyword's + run's - common)`, counted with repetition and with `arity - 1` blanks put before and after.
 * Against `urgent` at arity 3 `urgnt` scores 0.5, `urgency` 0.42, `agent` 0.36.
 *
 * @param threshold 0..1
 * @param arity 1..4, so that an n-gram fits in 64 bits and no two share a number
 */
internal class NgramSearch private constructor(
    private val keywords: List<String>,
    private val index: NgramIndex,
    private val first: Int,
) : KeywordSearch {
    constructor(keywords: List<String>, arity: Int, threshold: Double, caseSensitive: Boolean) :
        this(keywords, NgramIndex(NgramIndex.Kind(arity, caseSensitive), keywords.map { NgramIndex.Wanted(it, threshold) }), 0)

    override val phrases = emptyList<Phrase>()
    override val goesByPhrases = false

    override fun hits(facts: Facts, seen: Sighted): BooleanArray =
        facts.derived(index).let { all -> BooleanArray(keywords.size) { all[first + it] } }

    companion object {
        /** The same searches, those of one kind by one index. */
        fun sharing(searches: List<NgramSearch>): Map<NgramSearch, NgramSearch> =
            searches
                .groupBy { it.index.kind }
                .values
                .flatMap { alike ->
                    val index = NgramIndex(alike.first().index.kind, alike.flatMap { it.index.wanted })
                    val firsts = alike.runningFold(0) { first, search -> first + search.keywords.size }
                    alike.zip(firsts) { search, first -> search to NgramSearch(search.keywords, index, first) }
                }.toMap()
    }
}

/** Finds which of many keywords a text holds something similar to, passing over its words once for each length of keywords. */
internal class NgramIndex(val kind: Kind, val wanted: List<Wanted>) : Derivation<BooleanArray> {
    data class Kind(val arity: Int, val caseSensitive: Boolean)

    data class Wanted(val keyword: String, val threshold: Double)

    private class Target(val words: Int, val grams: Map<Long, Int>, val threshold: Double) {
        val size = grams.values.sum()

        /** Longer runs have too many n-grams of their own to be similar. */
        val lengthMax = (size / maxOf(threshold, SIMILARITY_MIN)).toInt() + 1
    }

    private val arity = kind.arity
    private val targets =
        wanted.map { (keyword, threshold) ->
            val text = joinedKeyword(keyword, kind.caseSensitive)
            val counted = mutableMapOf<Long, Int>()
            forEachGram(text.toCharArray(), text.length) { counted.merge(it, 1, Int::plus) }
            Target(Words.of(text).size, counted, threshold)
        }
    private val runs = targets.map { it.words }.distinct().sorted()
    private val tables by lazy { runs.map { run -> GramTable(targets.map { if (it.words == run) it.grams else emptyMap() }) } }
    private val lengthMax = targets.maxOf { it.lengthMax }

    override fun derive(facts: Facts): BooleanArray {
        val words = facts.words
        val hits = BooleanArray(targets.size)
        val window = CharArray(lengthMax)
        val shares = Shares(targets.size)
        for ((place, run) in runs.withIndex()) {
            val table = tables[place]
            val seen = IntArray(table.size)
            val stamps = IntArray(table.size) { -1 }
            for (first in 0..words.size - run) {
                val length = joinWords(words, first, run, kind.caseSensitive, window)
                if (length < 0) continue
                forEachGram(window, length) { gram ->
                    val slot = table.find(gram)
                    if (slot >= 0) {
                        if (stamps[slot] != first) seen[slot] = 0
                        stamps[slot] = first
                        table.addTo(shares, slot, ++seen[slot])
                    }
                }
                shares.settle { target, shared ->
                    val all = targets[target].size + length + arity - 1
                    if (shared >= targets[target].threshold * (all - shared)) hits[target] = true
                }
            }
        }
        return hits
    }

    private inline fun forEachGram(chars: CharArray, length: Int, found: (Long) -> Unit) {
        val mask = if (arity == 4) -1L else (1L shl 16 * arity) - 1
        var gram = 0L
        repeat(arity - 1) { gram = (gram shl 16) or BLANK }
        for (i in 0 until length + arity - 1) {
            gram = ((gram shl 16) or (if (i < length) chars[i].code.toLong() else BLANK)) and mask
            found(gram)
        }
    }

    private companion object {
        const val BLANK = ' '.code.toLong()
        const val SIMILARITY_MIN = 0.05
    }
}

/** How many n-grams each keyword shares with the run at hand. */
private class Shares(keywords: Int) {
    private val common = IntArray(keywords)
    private val touched = IntArray(keywords)
    private var size = 0

    fun add(keyword: Int) {
        if (common[keyword]++ == 0) touched[size++] = keyword
    }

    /** Calls [found] for each keyword that shares any, and starts anew. */
    inline fun settle(found: (keyword: Int, shared: Int) -> Unit) {
        for (i in 0 until size) {
            found(touched[i], common[touched[i]])
            common[touched[i]] = 0
        }
        size = 0
    }
}

/** From an n-gram to the keywords that have it and how often. */
private class GramTable(counts: List<Map<Long, Int>>) {
    private val having = HashMap<Long, MutableList<Int>>().also { all ->
        counts.forEachIndexed { keyword, own ->
            own.keys.forEach {
                all.getOrPut(it) { mutableListOf() } +=
                    keyword
            }
        }
    }
    private val grams = having.keys.toLongArray()
    private val owners = Array(grams.size) { having.getValue(grams[it]).toIntArray() }
    private val repeats = Array(grams.size) { slot -> IntArray(owners[slot].size) { counts[owners[slot][it]].getValue(grams[slot]) } }
    private val mask = Integer.highestOneBit(maxOf(grams.size, 4)) * 4 - 1
    private val keys = LongArray(mask + 1)
    private val slots = IntArray(mask + 1) { -1 }

    init {
        for ((slot, gram) in grams.withIndex()) {
            var at = place(gram)
            while (slots[at] >= 0) at = (at + 1) and mask
            keys[at] = gram
            slots[at] = slot
        }
    }

    val size: Int get() = grams.size

    fun find(gram: Long): Int {
        var at = place(gram)
        while (slots[at] >= 0) {
            if (keys[at] == gram) return slots[at]
            at = (at + 1) and mask
        }
        return -1
    }

    /** Counts the [occurrence]-th occurrence of an n-gram to the keywords that have it at least as often. */
    fun addTo(shares: Shares, slot: Int, occurrence: Int) {
        val who = owners[slot]
        for (i in who.indices) if (occurrence <= repeats[slot][i]) shares.add(who[i])
    }

    private fun place(gram: Long): Int = (gram * MIX ushr 40).toInt() and mask

    private companion object {
        const val MIX = -0x61C8864680B583EBL
    }
}
