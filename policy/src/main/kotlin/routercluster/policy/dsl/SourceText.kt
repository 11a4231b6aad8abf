package routercluster.policy.dsl

import routercluster.policy.config.Location

/** UTF-16 offsets into a text; [end] is past the last one. */
data class Span(val start: Int, val end: Int) {
    operator fun contains(offset: Int): Boolean = offset in start until end

    companion object {
        /** Of what was made, not read. */
        val NONE = Span(0, 0)
    }
}

/** A program's text and where its lines begin. */
class SourceText(val file: String, val text: String) {
    private val starts: IntArray =
        (
            sequenceOf(0) + text.indices
                .asSequence()
                .filter { text[it] == '\n' }
                .map { it + 1 }
        ).toList().toIntArray()

    /** 1-based. */
    fun line(offset: Int): Int {
        val found = starts.binarySearch(offset)
        return if (found >= 0) found + 1 else -found - 1
    }

    /** 1-based. */
    fun column(offset: Int): Int = offset - starts[line(offset) - 1] + 1

    /** Of a 1-based [line] and [column], or the nearest that the text has. */
    fun offset(line: Int, column: Int): Int {
        val nearest = line.coerceIn(1, starts.size)
        val end = starts.getOrNull(nearest)?.minus(1) ?: text.length
        return (starts[nearest - 1].toLong() + column - 1).coerceIn(starts[nearest - 1].toLong(), end.toLong()).toInt()
    }

    fun location(offset: Int): Location = Location(file, "", line(offset), column(offset))

    /** The text of a 1-based [line], without its end. */
    fun lineText(line: Int): String =
        text.substring(starts[line - 1], starts.getOrNull(line)?.minus(1) ?: text.length).trimEnd('\r')

    /** Whether there is an empty line between the offsets, of which only blanks may lie between. */
    fun emptyLineBetween(from: Int, to: Int): Boolean = line(to) - line(from) > 1
}
