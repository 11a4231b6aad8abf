package routercluster.inference.heads

import routercluster.inference.text.Tokens

/** Tokens [from] until [until] that are one word, and its characters [start] until [end]. */
internal class Word(val from: Int, val until: Int, val start: Int, val end: Int)

/**
 * Puts tokens together to words, by the text alone, so that every tokenizer has the same: what neither white space nor punctuation parts
 * is one word, a punctuation mark is one by itself, and so is an ideograph. White space at a token's edges is none of the word.
 */
internal fun wordsOf(text: String, tokens: Tokens): List<Word> {
    val words = ArrayList<Word>()
    for (token in tokens.ids.indices) {
        val start = firstInk(text, tokens.starts[token], tokens.ends[token])
        val end = lastInk(text, start, tokens.ends[token])
        if (start >= end) continue
        val last = words.lastOrNull()
        if (last != null && last.end >= start && goesOn(text, start)) {
            words[words.lastIndex] = Word(last.from, token + 1, last.start, maxOf(last.end, end))
        } else {
            words += Word(token, token + 1, start, end)
        }
    }
    return words
}

private fun firstInk(text: String, start: Int, end: Int): Int {
    var at = start
    while (at < end && text[at].isWhitespace()) at++
    return at
}

private fun lastInk(text: String, start: Int, end: Int): Int {
    var at = end
    while (at > start && text[at - 1].isWhitespace()) at--
    return at
}

/** Whether the character at [at] belongs to the word of the one before it. */
private fun goesOn(text: String, at: Int): Boolean = at > 0 && !standsAlone(text.codePointBefore(at)) && !standsAlone(text.codePointAt(at))

private fun standsAlone(codePoint: Int): Boolean = Character.isIdeographic(codePoint) || isPunctuation(codePoint)

/** All marks of ASCII count, symbols too. */
private fun isPunctuation(codePoint: Int): Boolean =
    if (codePoint < ASCII) !Character.isLetterOrDigit(codePoint) else Character.getType(codePoint).toByte() in punctuation

private const val ASCII = 128

private val punctuation =
    setOf(
        Character.CONNECTOR_PUNCTUATION,
        Character.DASH_PUNCTUATION,
        Character.START_PUNCTUATION,
        Character.END_PUNCTUATION,
        Character.INITIAL_QUOTE_PUNCTUATION,
        Character.FINAL_QUOTE_PUNCTUATION,
        Character.OTHER_PUNCTUATION,
    )
