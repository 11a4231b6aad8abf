package routercluster.policy.signals

import routercluster.policy.request.Derivation
import routercluster.policy.request.Facts
import routercluster.policy.request.Words

/**
 * Finds the phrases of many readers in one pass over a text, in a time that hardly grows with their number: a phrase is tried only
 * where its rarest word stands, or, where it may begin anywhere, the rarest three characters of its opening. Rare means that
 * few other phrases go by the same; among equally rare words the longest is taken.
 *
 * @param readers the phrases that each reader looks for, by its number; the same phrase may occur again and again
 * @param groups per reader, sets of places among its phrases, each of no use to it unless all of the set occur; null where one is enough.
 *   Such a reader is woken only by the phrase of each set that the fewest others look for, the longest of equals; phrases that wake nobody
 *   are looked for when a reader was woken that wants them
 */
internal class PhraseIndex(readers: List<List<Phrase>>, groups: List<List<IntArray>?> = readers.map { null }) : Derivation<Sightings> {
    private val phrases: Array<Phrase>
    private val slots: List<IntArray>
    private val readersOf: List<IntArray>
    private val readerCount = readers.size

    init {
        val numbers = LinkedHashMap<Phrase, Int>()
        slots = readers.map { wanted -> IntArray(wanted.size) { numbers.getOrPut(wanted[it]) { numbers.size } } }
        phrases = numbers.keys.toTypedArray()
        val wanted = IntArray(phrases.size)
        slots.forEach { own -> own.distinct().forEach { wanted[it]++ } }
        val owners = List(phrases.size) { mutableListOf<Int>() }
        slots.forEachIndexed { reader, own ->
            val rarest = compareBy<Int>(wanted::get).thenBy { -phrases[it].text.length }
            val waking = groups[reader]?.map { group -> group.map(own::get).minWith(rarest) } ?: own.asList()
            waking.distinct().forEach { owners[it].add(reader) }
        }
        readersOf = owners.map { it.toIntArray() }
    }

    private val waking = PhraseSearch(phrases) { readersOf[it].isNotEmpty() }
    private val others = PhraseSearch(phrases) { readersOf[it].isEmpty() }
    private val wantsOthers = BooleanArray(readerCount) { groups[it] != null }

    override fun derive(facts: Facts): Sightings = sightingsIn(facts.words)

    fun sightingsIn(words: Words): Sightings {
        val seen = Sightings(words, phrases.size, BooleanArray(readerCount))
        waking.forEachIn(words) { phrase -> if (seen.count(phrase) == 1) for (reader in readersOf[phrase]) seen.isReached[reader] = true }
        return seen
    }

    /** What [reader] looks for, as [seen] has it. */
    fun of(reader: Int, seen: Sightings): Sighted {
        if (!seen.isReached[reader]) return Sighted.NOTHING
        if (wantsOthers[reader] && !seen.isComplete) complete(reader, seen)
        return SlotCounts(seen.counts, slots[reader])
    }

    /** Counts what wakes nobody: for the first few that ask their own phrases one by one, then all of them in a pass of their own. */
    private fun complete(reader: Int, seen: Sightings) {
        for (phrase in slots[reader]) {
            if (readersOf[phrase].isNotEmpty() || !seen.countedAlone.add(phrase)) continue
            if (seen.countedAlone.size > ALONE_MAX) {
                phrases.indices.forEach { if (readersOf[it].isEmpty()) seen.counts[it] = 0 }
                others.forEachIn(seen.words) { seen.count(it) }
                seen.isComplete = true
                return
            }
            seen.counts[phrase] = phrases[phrase].countIn(seen.words)
        }
    }

    private class SlotCounts(private val counts: IntArray, private val slots: IntArray) : Sighted {
        override fun count(phrase: Int): Int = counts[slots[phrase]]
    }

    private companion object {
        /** About as many as cost what a pass for thousands does. */
        const val ALONE_MAX = 16
    }
}

/** Finds those of [phrases], by their numbers, that are [wanted]. */
private class PhraseSearch(private val phrases: Array<Phrase>, wanted: (Int) -> Boolean) {
    private val byWord = cluesOf(wanted, { it.lead }) { phrase, word -> phrases[phrase].leadChars(word) }
    private val byGram = cluesOf(wanted, { if (it.lead.isEmpty()) gramsOf(it.opening) else NONE }) { _, _ -> GRAM }
    private val byStart =
        cluesOf(wanted, { if (it.lead.isEmpty() && it.opening.length < GRAM) startOf(it) else NONE }) { _, _ -> 1 }

    private fun cluesOf(wanted: (Int) -> Boolean, keys: (Phrase) -> IntArray, weight: (entry: Int, place: Int) -> Int) =
        Clues(phrases.mapIndexed { number, phrase -> if (wanted(number)) keys(phrase) else NONE }, weight)

    /** Calls [found] for every occurrence. */
    fun forEachIn(words: Words, found: (phrase: Int) -> Unit) {
        if (!byWord.isEmpty) lookByWord(words, found)
        if (!byGram.isEmpty || !byStart.isEmpty) lookByCharacters(words, found)
    }

    private fun lookByWord(words: Words, found: (phrase: Int) -> Unit) {
        for (word in 0 until words.size) {
            byWord.forEach(words.hash(word)) { phrase, offset ->
                val first = word - offset
                if (first >= 0 && phrases[phrase].endIn(words, words.start(first)) >= 0) found(phrase)
            }
        }
    }

    /** Of a phrase that may begin anywhere, an occurrence counts that does not lie over the one before. */
    private fun lookByCharacters(words: Words, found: (phrase: Int) -> Unit) {
        val text = words.folded

        // Most texts hold none of many phrases.
        var known: IntArray? = null

        fun tryAt(phrase: Int, start: Int) {
            if (start < (known?.get(phrase) ?: 0)) return
            val end = phrases[phrase].endIn(words, start)
            if (end < 0) return
            val ends = known ?: IntArray(phrases.size).also { known = it }
            ends[phrase] = end
            found(phrase)
        }
        var gram = 0
        for (at in text.indices) {
            val unit = text[at].code
            byStart.forEach(unit) { phrase, _ -> tryAt(phrase, at) }
            gram = nextGram(gram, unit)
            if (at >= GRAM - 1) byGram.forEach(gram) { phrase, offset -> tryAt(phrase, at - (GRAM - 1) - offset) }
        }
    }

    private companion object {
        /** Long enough to be rare in prose, short enough that most phrases have some to choose from. */
        const val GRAM = 3
        const val GRAM_BITS = 10
        const val GRAM_MASK = (1 shl GRAM * GRAM_BITS) - 1
        val NONE = IntArray(0)

        /** The last [GRAM] units as one number, each by its lowest bits: what shares a number by chance is told apart by trying. */
        fun nextGram(gram: Int, unit: Int): Int = ((gram shl GRAM_BITS) xor unit) and GRAM_MASK

        fun gramsOf(text: String): IntArray {
            var gram = 0
            val all = IntArray(text.length) { nextGram(gram, text[it].code).also { next -> gram = next } }
            return if (text.length < GRAM) NONE else all.copyOfRange(GRAM - 1, text.length)
        }

        fun startOf(phrase: Phrase): IntArray = if (phrase.opening.isEmpty()) NONE else intArrayOf(phrase.opening[0].code)
    }
}

/** What a [PhraseIndex] saw in one text: how often each phrase occurs, and which readers may have use for that. */
internal class Sightings(val words: Words, private val phrases: Int, val isReached: BooleanArray) {
    private var seen: IntArray? = null

    /** Phrases that wake nobody and were counted by themselves, and whether all such phrases were counted. */
    val countedAlone: MutableSet<Int> by lazy(LazyThreadSafetyMode.NONE) { HashSet() }
    var isComplete = false

    /** By the number of a phrase; made when there is something to count. */
    val counts: IntArray get() = seen ?: IntArray(phrases).also { seen = it }

    /** Notes an occurrence of [phrase]; returns how many there are now. */
    fun count(phrase: Int): Int = counts.let { ++it[phrase] }
}

/** How often a reader's phrases occur in one text. */
internal fun interface Sighted {
    fun count(phrase: Int): Int

    fun has(phrase: Int): Boolean = count(phrase) > 0

    companion object {
        /** What the reader has use for does not occur. */
        val NOTHING = Sighted { 0 }
    }
}

/** A signal that looks for phrases. Those of a recipe look for theirs together. */
internal interface PhraseReader : Signal {
    val phrases: List<Phrase>

    /** Sets of places among [phrases], of which the signal has use only for whole ones; null where it has use for each phrase. */
    val groups: List<IntArray>? get() = null

    /** The same signal, looking by [lookout]. */
    fun by(lookout: Lookout): Signal
}

/** One reader's place in an index. */
internal class Lookout(val index: PhraseIndex, val reader: Int) {
    fun look(facts: Facts): Sighted = index.of(reader, facts.derived(index))

    companion object {
        /** Of a reader that shares its index with nobody. */
        fun alone(phrases: List<Phrase>, groups: List<IntArray>? = null) = Lookout(PhraseIndex(listOf(phrases), listOf(groups)), 0)
    }
}
