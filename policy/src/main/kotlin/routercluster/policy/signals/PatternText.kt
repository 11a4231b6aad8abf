package routercluster.policy.signals

import routercluster.policy.request.Words

/*
 * What can be told of a regular expression from its text alone, without running it. Each answer errs on the safe side.
 */

/** Whether occurrences of these could lie over each other. */
internal fun canOverlap(phrases: List<Phrase>): Boolean = phrases.any { it.text.length > 1 && (phrases.size > 1 || it.lead.isNotEmpty()) }

private const val ASCII_MAX = 0x7F
private const val META = ".^$*+?()[]{}|\\"

/** The literals that [written] lists, or null where it is more than a list of literals. */
internal fun literalsOf(written: String, caseSensitive: Boolean): List<Phrase>? {
    val insensitive = written.startsWith("(?i)")
    var body = written.removePrefix("(?i)")
    val wordStart = body.startsWith("\\b")
    val wordEnd = body.endsWith("\\b") && body.length > 2
    if (wordStart != wordEnd) return null
    if (wordStart) body = body.substring(2, maxOf(2, body.length - 2))
    val inner = grouped(body)
    val pieces = charsOf(inner ?: body) ?: split(inner ?: body)?.map { unescape(it) ?: return null } ?: return null
    if (wordStart && inner == null && pieces.size > 1) return null
    if (pieces.any { it.isEmpty() || (wordStart && !(isAsciiWord(it.first()) && isAsciiWord(it.last()))) }) return null
    return pieces.map { Phrase(it, caseSensitive && !insensitive, wholeWords = wordStart, looseBlanks = false) }
}

private fun isAsciiWord(c: Char): Boolean = c in 'a'..'z' || c in 'A'..'Z' || c in '0'..'9' || c == '_'

private fun grouped(body: String): String? {
    if (!body.startsWith("(") || !body.endsWith(")")) return null
    return body
        .removePrefix("(")
        .removePrefix("?:")
        .removeSuffix(")")
        .takeIf { '(' !in it && ')' !in it && '?' != it.firstOrNull() }
}

/** The characters of a class such as `[?!]`, without ranges, escapes or negation. */
private fun charsOf(body: String): List<String>? {
    if (body.length < 3 || body.first() != '[' || body.last() != ']') return null
    val chars = body.substring(1, body.length - 1)
    return chars.map { it.toString() }.takeIf { chars.none { it in "^-\\[]&:" || it.isSurrogate() } }
}

private fun split(body: String): List<String>? {
    if (body.endsWith("\\")) return null
    return body.split(Regex("(?<!\\\\)\\|"))
}

/** The text that [piece] stands for, or null where it holds more than literal characters. */
private fun unescape(piece: String): String? {
    val text = StringBuilder()
    var at = 0
    while (at < piece.length) {
        if (piece[at] == '\\') {
            at++
            if (at >= piece.length || piece[at].isLetterOrDigit() || piece[at].code > ASCII_MAX) return null
        } else if (piece[at] in META) {
            return null
        }
        text.append(piece[at++])
    }
    return text.toString()
}

private const val PARTS_MAX = 64

/** Texts of which every match of [node] holds at least one, folded: the longest ones that are easy to see; empty where there are none. */
internal fun requiredParts(node: PatternNode): List<String> =
    when (node) {
        is PatternNode.Literal -> listOfNotNull(folded(node))

        is PatternNode.AnyOf, is PatternNode.Place -> emptyList()

        is PatternNode.Repeated -> if (node.least > 0) requiredParts(node.part) else emptyList()

        is PatternNode.Either -> node.branches.map(::requiredParts).let { all ->
            if (all.any { it.isEmpty() }) emptyList() else all.flatten().distinct()
        }

        is PatternNode.Sequence -> (
            node.parts
                .filterNot {
                    it is PatternNode.Literal
                }.map(::requiredParts) + literalRuns(node)
        ).maxWithOrNull(byWorth).orEmpty()
    }.let { parts -> if (parts.size > PARTS_MAX) emptyList() else parts }

private val byWorth = compareBy<List<String>>({ parts -> parts.minOfOrNull { it.length } ?: 0 }, { -it.size })

private fun literalRuns(node: PatternNode.Sequence): List<List<String>> {
    val runs = mutableListOf(StringBuilder())
    for (part in node.parts) {
        val text = (part as? PatternNode.Literal)?.let(::folded)
        if (text == null) runs += StringBuilder() else runs.last().append(text)
    }
    return runs.filter { it.isNotEmpty() }.map { listOf(it.toString()) }
}

/** What all that [literal] matches is folded to; null where that is not one text. */
private fun folded(
    literal: PatternNode.Literal,
): String? = literal.meant
    .map { Words.fold(Character.toString(it)) }
    .distinct()
    .singleOrNull()

/** Index of the bracket that closes the one at [open], or null where it is not plain to see. */
private fun closing(written: String, open: Int): Int? {
    if (written[open] == '[') {
        val from = if (written.startsWith("[^", open)) open + 3 else open + 2
        val end = (from until written.length).firstOrNull { written[it] == ']' && written[it - 1] != '\\' } ?: return null
        return end.takeIf { '[' !in written.substring(open + 1, end) }
    }
    var depth = 0
    var at = open
    while (at < written.length) {
        when (written[at]) {
            '\\' -> at++
            '[' -> at = closing(written, at) ?: return null
            '(' -> depth++
            ')' -> if (--depth == 0) return at
        }
        at++
    }
    return null
}

private val repetition = Regex("""\{(\d{1,4})(?:,(\d{0,4}))?}""")

/** How many characters and classes [written] comes to with its bounded repetitions written out. */
internal fun expandedSize(written: String): Long {
    val outer = ArrayDeque<Long>()
    var total = 0L
    var last = 0L
    var at = 0
    while (at < written.length) {
        val repeated = if (written[at] == '{') repetition.matchAt(written, at) else null
        when {
            repeated != null -> {
                val times = repeated.groupValues
                    .drop(1)
                    .maxOf { it.toLongOrNull() ?: 1L }
                    .coerceAtLeast(1)
                total = (total + last * (times - 1)).coerceAtMost(SIZE_CAP)
                last = (last * times).coerceAtMost(SIZE_CAP)
                at = repeated.range.last
            }

            written[at] == '(' -> {
                outer.addLast(total)
                total = 0
                last = 0
            }

            written[at] == ')' -> {
                last = total
                total = ((outer.removeLastOrNull() ?: 0) + last).coerceAtMost(SIZE_CAP)
            }

            else -> {
                if (written[at] == '\\') {
                    at++
                } else if (written[at] == '[') {
                    at = closing(written, at) ?: at
                }
                last = 1
                total++
            }
        }
        at++
    }
    return total
}

private const val SIZE_CAP = 1_000_000_000L
