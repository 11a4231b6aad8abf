package routercluster.policy.signals

import routercluster.policy.request.Words

/**
 * A text to look for, literally. Equal phrases occur at the same places.
 *
 * @property text folded unless [caseSensitive]
 * @property wholeWords it must neither begin nor end in the middle of a word
 * @property looseBlanks a run of blanks in it stands for any run of white space
 */
internal class Phrase(
    written: String,
    private val caseSensitive: Boolean,
    private val wholeWords: Boolean = true,
    private val looseBlanks: Boolean = true,
) {
    val text: String = (if (looseBlanks) written.trim().replace(blanks, " ") else written).let { if (caseSensitive) it else Words.fold(it) }

    private val words = Words.of(text)
    private val startsWithWord = words.size > 0 && words.start(0) == 0
    private val piece = if (looseBlanks) text.substringBefore(' ') else text

    /** Hashes of the words that every occurrence begins with, all that the phrase has; empty where it may begin anywhere. */
    val lead: IntArray = if (wholeWords && startsWithWord) IntArray(words.size, words::hash) else IntArray(0)

    /** Length of one of the words in [lead]. */
    fun leadChars(word: Int): Int = words.end(word) - words.start(word)

    /** The folded text that every occurrence begins with. */
    val opening: String = Words.fold(piece)

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

    /** How often it occurs: of occurrences that may begin anywhere, those that do not lie over the one before. A linear search. */
    fun countIn(words: Words): Int {
        if (lead.isNotEmpty()) return (0 until words.size).count { words.hash(it) == lead[0] && endIn(words, words.start(it)) >= 0 }
        var count = 0
        var at = indexIn(words, 0)
        while (at >= 0) {
            count++
            at = indexIn(words, maxOf(at + 1, endIn(words, at)))
        }
        return count
    }

    /** End of the occurrence that begins at [at], or -1 where none does. */
    fun endIn(words: Words, at: Int): Int {
        if (wholeWords && words.isInsideWord(at) && startsWithWord) return -1
        val end = if (looseBlanks) looseEnd(body(words), at) else strictEnd(body(words), at)
        return if (end >= 0 && wholeWords && words.isInsideWord(end)) -1 else end
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

    override fun equals(other: Any?): Boolean =
        other is Phrase && text == other.text && caseSensitive == other.caseSensitive &&
            wholeWords == other.wholeWords && looseBlanks == other.looseBlanks

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = text

    private companion object {
        val blanks = Regex("\\s+")
    }
}
