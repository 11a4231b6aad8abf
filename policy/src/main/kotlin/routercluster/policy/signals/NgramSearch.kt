package routercluster.policy.signals

import routercluster.policy.request.Words

/**
 * A keyword is held where some run of as many words as it has is similar to it: similarity is the share of common character
 * n-grams, `common / (keyword's + run's - common)`, counted with repetition and with [arity] - 1 blanks put before and after.
 * Against `urgent` at arity 3 `urgnt` scores 0.5, `urgency` 0.42, `agent` 0.36.
 *
 * @param arity 1..4, so that an n-gram fits in 64 bits and no two share a number
 * @param threshold 0..1
 */
internal class NgramSearch(
    keywords: List<String>,
    private val arity: Int,
    private val threshold: Double,
    private val caseSensitive: Boolean,
) :
    KeywordSearch {
    private class Target(val words: Int, val grams: Map<Long, Int>) {
        val size = grams.values.sum()
    }

    private val targets =
        keywords.map { keyword ->
            val text = joinedKeyword(keyword, caseSensitive)
            val counted = mutableMapOf<Long, Int>()
            forEachGram(text.toCharArray(), text.length) { counted.merge(it, 1, Int::plus) }
            Target(Words.of(text).size, counted)
        }
    private val runs = targets.map { it.words }.distinct().sorted()
    private val tables = runs.map { run -> GramTable(targets.map { if (it.words == run) it.grams else emptyMap() }) }

    /** Longer runs have too many n-grams of their own to be similar. */
    private val lengthMax = (targets.maxOf { it.size } / maxOf(threshold, SIMILARITY_MIN)).toInt() + 1

    override val phrases = emptyList<Phrase>()
    override val goesByPhrases = false

    override fun hits(words: Words, seen: Sighted): BooleanArray {
        val hits = BooleanArray(targets.size)
        val window = CharArray(lengthMax)
        val common = IntArray(targets.size)
        for ((place, run) in runs.withIndex()) {
            val table = tables[place]
            val seen = IntArray(table.size)
            val stamps = IntArray(table.size) { -1 }
            for (first in 0..words.size - run) {
                val length = joinWords(words, first, run, caseSensitive, window)
                if (length < 0) continue
                var any = false
                forEachGram(window, length) { gram ->
                    val slot = table.find(gram)
                    if (slot >= 0) {
                        any = true
                        if (stamps[slot] != first) seen[slot] = 0
                        stamps[slot] = first
                        table.addTo(common, slot, ++seen[slot])
                    }
                }
                if (any) settle(common, length + arity - 1, hits)
            }
        }
        return hits
    }

    private fun settle(common: IntArray, size: Int, hits: BooleanArray) {
        for (index in common.indices) {
            val shared = common[index]
            if (shared > 0 && shared >= threshold * (targets[index].size + size - shared)) hits[index] = true
            common[index] = 0
        }
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

/** From an n-gram to the keywords that have it and how often. */
private class GramTable(counts: List<Map<Long, Int>>) {
    private val grams = counts.flatMap { it.keys }.distinct()
    private val owners = grams.map { gram -> counts.indices.filter { gram in counts[it] }.toIntArray() }
    private val repeats = grams.indices.map { slot -> owners[slot].map { counts[it].getValue(grams[slot]) }.toIntArray() }
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
    fun addTo(common: IntArray, slot: Int, occurrence: Int) {
        val who = owners[slot]
        for (i in who.indices) if (occurrence <= repeats[slot][i]) common[who[i]]++
    }

    private fun place(gram: Long): Int = (gram * MIX ushr 40).toInt() and mask

    private companion object {
        const val MIX = -0x61C8864680B583EBL
    }
}
