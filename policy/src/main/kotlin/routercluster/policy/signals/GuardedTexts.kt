package routercluster.policy.signals

import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/**
 * The texts that a guard reads, the newest first, none twice: the newest user message, or with [history] every message of the
 * request whatever its role. A client writes system messages and tool results too, so they are no safer than the rest.
 */
internal fun guardedTexts(facts: Facts, history: Boolean): List<String> {
    val texts = if (history) facts.messages.asReversed().map { it.text } else listOf(facts.userText)
    return texts.filter { it.isNotBlank() }.distinct()
}

/**
 * Why these results do not cover what was sent, or null where they do. A guard that has not read everything cannot say that all is
 * well.
 */
internal fun unread(results: List<PassageResult>): String? {
    val characters = results.sumOf { it.coverage.characters.toLong() }
    val read = results.sumOf { it.coverage.charactersRead.toLong() }
    return if (read < characters) "only $read of $characters characters were read" else null
}

private const val GUARD_PIECE_CHARS = 8_192
private const val GUARD_OVERLAP_CHARS = 256

/**
 * What trained guards are given of [text]: pieces well within what an encoder reads in windows at its default bounds, whatever the
 * script. All guards cut alike, so that one pass serves them all.
 */
internal fun guardPieces(text: String): List<Piece> = pieces(text, GUARD_PIECE_CHARS, GUARD_OVERLAP_CHARS)

/** A part of a text, which begins [offset] UTF-16 units into it. */
internal class Piece(val offset: Int, val text: String)

/**
 * Cuts [text] into pieces of at most [length] units, the blank ones left out. A piece begins [overlap] units before the end of the
 * one before it, so that what lies across a cut is whole in one of them. A cut falls after a line, else a sentence, else a word,
 * where there is one in the last quarter of a piece; it never parts a surrogate pair.
 *
 * @param overlap less than half of [length]
 */
internal fun pieces(text: String, length: Int, overlap: Int): List<Piece> {
    val pieces = mutableListOf<Piece>()
    var start = 0
    while (start < text.length) {
        val end = if (text.length - start <= length) text.length else cut(text, start + length - length / 4, start + length)
        val piece = text.substring(start, end)
        if (piece.isNotBlank()) pieces += Piece(start, piece)
        if (end == text.length) break
        start = whole(text, end - overlap)
    }
    return pieces
}

private const val SENTENCE_ENDS = ".!?;。！？；…।؟"

private fun cut(text: String, from: Int, until: Int): Int {
    val window = (until - 1 downTo from)
    val last =
        window.firstOrNull { text[it] == '\n' }
            ?: window.firstOrNull { text[it] in SENTENCE_ENDS }
            ?: window.firstOrNull { text[it].isWhitespace() }
            ?: return whole(text, until)
    return last + 1
}

/** [at], or one less where it would part a surrogate pair. */
private fun whole(text: String, at: Int): Int =
    if (at in 1 until text.length && text[at].isLowSurrogate() && text[at - 1].isHighSurrogate()) at - 1 else at
