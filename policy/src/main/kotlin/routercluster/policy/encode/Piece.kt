package routercluster.policy.encode

/** A part of a text, which begins [offset] UTF-16 units into it. */
class Piece(val offset: Int, val text: String)

/**
 * Cuts [text] into pieces of at most [length] units, the blank ones left out. A piece begins [overlap] units before the end of the
 * one before it, so that what lies across a cut is whole in one of them. A cut falls after a line, else a sentence, else a word,
 * where there is one in the last quarter of a piece; it never parts a surrogate pair.
 *
 * @param overlap less than half of [length]
 */
fun pieces(text: String, length: Int, overlap: Int): List<Piece> {
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
