package routercluster.policy.signals

import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Piece
import routercluster.policy.encode.pieces
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
