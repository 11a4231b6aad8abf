package routercluster.policy.signals

/** Reads what RE2/J has accepted, as far as it is of the common kind. */
internal class PatternReader(private val written: String, caseSensitive: Boolean) {
    private data class Flags(val foldsCase: Boolean, val lines: Boolean = false, val dotMatchesBreaks: Boolean = false)

    private class Unusual : Exception()

    private var at = 0
    private var flags = Flags(foldsCase = !caseSensitive)

    /** Null where the expression holds something unusual, such as `\Q` or a character by its octal number. */
    fun read(): PatternNode? =
        try {
            either().takeIf { at == written.length }
        } catch (_: Unusual) {
            null
        }

    private fun isAt(c: Char, place: Int = at): Boolean = written.getOrNull(place) == c

    private fun either(): PatternNode {
        val branches = mutableListOf(sequence())
        while (isAt('|')) {
            at++
            branches += sequence()
        }
        return branches.singleOrNull() ?: PatternNode.Either(branches)
    }

    private fun sequence(): PatternNode {
        val parts = mutableListOf<PatternNode>()
        while (at < written.length && written[at] != '|' && written[at] != ')') parts += repeated(one() ?: continue)
        return parts.singleOrNull() ?: PatternNode.Sequence(parts)
    }

    private fun repeated(part: PatternNode): PatternNode {
        val counted = if (isAt('{')) repetition.matchAt(written, at) else null
        val range =
            when {
                isAt('*') -> 0 to null

                isAt('+') -> 1 to null

                isAt('?') -> 0 to 1

                counted != null -> counted.destructured.let { (least, comma, most) ->
                    least.toInt() to
                        (if (comma.isEmpty()) least else most).toIntOrNull()
                }

                else -> return part
            }
        at += counted?.value?.length ?: 1
        if (isAt('?')) at++
        return PatternNode.Repeated(part, range.first, range.second)
    }

    /** Null for what changes the flags and stands for nothing itself. */
    private fun one(): PatternNode? =
        when (val c = written[at]) {
            '(' -> group()
            '[' -> anyOf(classEnd())
            '.' -> anyOf(at + 1)
            '^' -> place(if (flags.lines) Anchor.LINE_START else Anchor.TEXT_START, 1)
            '$' -> place(if (flags.lines) Anchor.LINE_END else Anchor.TEXT_END, 1)
            '\\' -> escaped(written.getOrNull(at + 1) ?: throw Unusual())
            '*', '+', '?' -> throw Unusual()
            else -> literal(if (c.isHighSurrogate()) written.codePointAt(at) else c.code, at)
        }

    private fun literal(codePoint: Int, from: Int): PatternNode {
        at = from + Character.charCount(codePoint)
        return PatternNode.Literal(codePoint, flags.foldsCase)
    }

    private fun place(anchor: Anchor, length: Int) = PatternNode.Place(anchor).also { at += length }

    private fun anyOf(end: Int): PatternNode {
        val node = PatternNode.AnyOf(written.substring(at, end), flags.foldsCase, flags.dotMatchesBreaks)
        at = end
        return node
    }

    private fun escaped(c: Char): PatternNode =
        when (c) {
            'b' -> place(Anchor.WORD_EDGE, 2)
            'B' -> place(Anchor.NO_WORD_EDGE, 2)
            'A' -> place(Anchor.TEXT_START, 2)
            'z' -> place(Anchor.TEXT_END, 2)
            'd', 'D', 'w', 'W', 's', 'S', 'a', 'f', 'n', 'r', 't', 'v' -> anyOf(at + 2)
            'p', 'P', 'x' -> anyOf(longEscape.matchAt(written, at)?.let { it.range.last + 1 } ?: throw Unusual())
            else -> if (c.code > ASCII_MAX || c.isLetterOrDigit()) throw Unusual() else literal(c.code, at + 1)
        }

    private fun group(): PatternNode? {
        val opening = groupOpening.matchAt(written, at) ?: throw Unusual()
        at += opening.value.length
        val (on, off, end) = opening.destructured
        val before = flags
        flags = flags.with(on, true).with(off, false)
        if (end == ")") return null
        return either().also {
            if (!isAt(')')) throw Unusual()
            at++
            flags = before
        }
    }

    private fun Flags.with(letters: String, value: Boolean): Flags =
        letters.fold(this) { flags, letter ->
            when (letter) {
                'i' -> flags.copy(foldsCase = value)
                'm' -> flags.copy(lines = value)
                's' -> flags.copy(dotMatchesBreaks = value)
                'U' -> flags
                else -> throw Unusual()
            }
        }

    private fun classEnd(): Int {
        var end = at + 1
        if (isAt('^', end)) end++
        if (isAt(']', end)) end++
        while (end < written.length && written[end] != ']') {
            end +=
                when {
                    written[end] == '\\' -> 2
                    written.startsWith("[:", end) -> written.indexOf(":]", end) + 2 - end
                    else -> 1
                }
        }
        return end + 1
    }

    private companion object {
        const val ASCII_MAX = 0x7F
        val repetition = Regex("""\{(\d{1,4})(,?)(\d{0,4})}""")
        val longEscape = Regex("""\\(?:[pP](?:\{[^}]*}|\w)|x(?:\{[0-9A-Fa-f]+}|[0-9A-Fa-f]{2}))""")

        /** `(`, `(?:`, a name, or flags that hold until the group ends or, closed at once, from here on. */
        val groupOpening = Regex("""\((?:\?P?<\w+>|\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)]))?""")
    }
}
