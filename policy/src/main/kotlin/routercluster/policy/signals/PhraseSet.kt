package routercluster.policy.signals

import routercluster.policy.request.Words

/**
 * A text to look for, literally.
 *
 * @property text folded unless [caseSensitive]
 * @property wordStart it must not begin in the middle of a word
 * @property wordEnd it must not end in the middle of a word
 * @property looseBlanks a run of blanks in it stands for any run of white space
 */
internal class Phrase(
    written: String,
    val caseSensitive: Boolean,
    val wordStart: Boolean = true,
    val wordEnd: Boolean = true,
    private val looseBlanks: Boolean = true,
) {
    val text: String = (if (looseBlanks) written.trim().replace(blanks, " ") else written).let { if (caseSensitive) it else Words.fold(it) }

    private val words = Words.of(text)
    private val startsWithWord = words.size > 0 && words.start(0) == 0

    /** Hash of the word that every occurrence begins with, or null where it may begin anywhere. */
    val lead: Int? = if (wordStart && startsWithWord) words.hash(0) else null

    private val piece = if (looseBlanks) text.substringBefore(' ') else text

    /** Start of the next occurrence at or after [from], or -1; a linear search. */
    fun indexIn(words: Words, from: Int): Int {
        val body = body(words)
        var at = body.indexOf(piece, from)
        while (at >= 0) {
            if (endIn(words, at) >= 0) return at
            at = body.indexOf(piece, at + 1)
        }
        return -1
    }

    /** End of the occurrence that begins at [at], or -1 where none does. */
    fun endIn(words: Words, at: Int): Int {
        if (wordStart && words.isInsideWord(at) && startsWithWord) return -1
        val end = if (looseBlanks) looseEnd(body(words), at) else strictEnd(body(words), at)
        return if (end >= 0 && wordEnd && words.isInsideWord(end)) -1 else end
    }

    private fun body(words: Words): String = if (caseSensitive) words.raw else words.folded

    private fun strictEnd(body: String, at: Int): Int = if (body.startsWith(text, at)) at + text.length else -1

    private fun looseEnd(body: String, start: Int): Int {
        var at = start
        for (expected in text) {
            if (at >= body.length) return -1
            if (expected == ' ') {
                if (!body[at].isWhitespace()) return -1
                while (at < body.length && body[at].isWhitespace()) at++
            } else if (body[at++] != expected) {
                return -1
            }
        }
        return at
    }

    private companion object {
        val blanks = Regex("\\s+")
    }
}

/**
 * Finds many phrases in one pass over the words of a text: a phrase that begins with a word is tried only where that word
 * stands. Phrases that may begin anywhere take a plain search each.
 */
internal class PhraseSet(private val phrases: List<Phrase>) {
    private val mask = Integer.highestOneBit(maxOf(phrases.size, 4) * 8) - 1
    private val heads = IntArray(mask + 1) { -1 }
    private val next = IntArray(phrases.size) { -1 }
    private val leads = IntArray(phrases.size)
    private val leadless = phrases.indices.filter { phrases[it].lead == null }.toIntArray()
    private val hasLeads = leadless.size < phrases.size

    init {
        for ((index, phrase) in phrases.withIndex()) {
            val lead = phrase.lead ?: continue
            leads[index] = lead
            next[index] = heads[slot(lead)]
            heads[slot(lead)] = index
        }
    }

    /** Calls [found] with the index and the start of every phrase that occurs, once for each place. */
    inline fun forEachIn(words: Words, found: (phrase: Int, start: Int) -> Unit) {
        if (hasLeads) {
            for (word in 0 until words.size) {
                var candidate = heads[slot(words.hash(word))]
                while (candidate >= 0) {
                    val fits = leads[candidate] == words.hash(word) && phrases[candidate].endIn(words, words.start(word)) >= 0
                    if (fits) found(candidate, words.start(word))
                    candidate = next[candidate]
                }
            }
        }
        for (index in leadless) {
            var at = phrases[index].indexIn(words, 0)
            while (at >= 0) {
                found(index, at)
                at = phrases[index].indexIn(words, phrases[index].endIn(words, at))
            }
        }
    }

    /** Whether any phrase occurs; stops at the first. */
    fun anyIn(words: Words): Boolean {
        forEachIn(words) { _, _ -> return true }
        return false
    }

    private fun slot(hash: Int): Int = (hash * MIX ushr 15) and mask

    private companion object {
        const val MIX = -0x61C88647
    }
}
