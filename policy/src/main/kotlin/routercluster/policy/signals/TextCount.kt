package routercluster.policy.signals

import routercluster.policy.request.Words

/** Counts one kind of thing in a text. */
internal interface TextCount {
    /** What to look for in the text. */
    val phrases: List<Phrase>

    fun of(words: Words, seen: Sighted): Int
}

/** How often any of [phrases] occurs. */
internal class PhraseCount(override val phrases: List<Phrase>) : TextCount {
    override fun of(words: Words, seen: Sighted): Int = if (seen === Sighted.NOTHING) 0 else phrases.indices.sumOf(seen::count)
}

/** How often [pattern] matches, or 1 or 0 for whether it does. */
internal class PatternCount(private val pattern: TextPattern.Automaton, private val onlyWhether: Boolean) : TextCount {
    override val phrases: List<Phrase> get() = pattern.phrases

    override fun of(words: Words, seen: Sighted): Int {
        val isSighted = seen !== Sighted.NOTHING
        return if (onlyWhether) (if (pattern.occursIn(words, isSighted)) 1 else 0) else pattern.countIn(words, isSighted)
    }
}

/** 1 where the markers of any of [sequences] occur in their order, else 0. */
internal class SequenceCount(private val sequences: List<List<Phrase>>) : TextCount {
    private val starts = sequences.runningFold(0) { start, markers -> start + markers.size }
    override val phrases = sequences.flatten()

    override fun of(words: Words, seen: Sighted): Int =
        if (sequences.indices.any { areSighted(it, seen) && isInOrder(sequences[it], words) }) 1 else 0

    private fun areSighted(sequence: Int, seen: Sighted): Boolean = (starts[sequence] until starts[sequence + 1]).all(seen::has)
}

/** Bytes of the text in UTF-8. */
internal object ByteCount : TextCount {
    override val phrases = emptyList<Phrase>()

    override fun of(words: Words, seen: Sighted): Int = utf8Length(words.raw)
}

/** Each marker is taken at its first place after the one before it, which finds an order where there is one. */
private fun isInOrder(markers: List<Phrase>, words: Words): Boolean {
    var at = 0
    for (marker in markers) {
        val start = marker.indexIn(words, at)
        if (start < 0) return false
        at = marker.endIn(words, start)
    }
    return true
}

/** Bytes of [text] in UTF-8; a lone surrogate counts as the replacement character it would become. */
private fun utf8Length(text: String): Int {
    var bytes = 0
    for ((at, c) in text.withIndex()) {
        bytes +=
            when {
                c.code < 0x80 -> 1
                c.code < 0x800 -> 2
                c.isLowSurrogate() && at > 0 && text[at - 1].isHighSurrogate() -> 1
                else -> 3
            }
    }
    return bytes
}
