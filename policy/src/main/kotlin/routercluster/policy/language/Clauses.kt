package routercluster.policy.language

/** Longest request in words that is read. */
const val REQUEST_CHARS_MAX = 8_000

/** Pieces between commas that may belong together. */
private const val JOINED_PIECES_MAX = 8

/**
 * The parts of [text] that each ask for one thing. The ends of sentences, semicolons, commas and lines part it, and so does a joining
 * word before a verb; what stands in quotes stays whole. Where only several pieces between commas are a wish together, such as a
 * list of topics, they stay together.
 */
internal fun clausesOf(text: String): List<String> =
    split(text, ending).flatMap { sentence ->
        val pieces = split(sentence, comma)
        val clauses = mutableListOf<String>()
        var at = 0
        while (at < pieces.size) {
            val ends = at + 1..minOf(at + JOINED_PIECES_MAX, pieces.size)
            val end = ends.firstOrNull { wishIn(pieces.subList(at, it).joinToString(", ")) != null } ?: (at + 1)
            clauses += pieces.subList(at, end).joinToString(", ")
            at = end
        }
        clauses
    }

/** At each [border] outside of quotes. */
private fun split(text: String, border: Regex): List<String> {
    val pieces = mutableListOf<String>()
    var start = 0
    for (found in border.findAll(text).filter { isOutsideQuotes(text, it.range.first) }) {
        pieces += text.substring(start, found.range.first)
        start = found.range.last + 1
    }
    pieces += text.substring(start)
    return pieces.map { it.trim() }.filter { it.isNotEmpty() }
}

private fun isOutsideQuotes(text: String, offset: Int) = text.take(offset).count { it in QUOTES } % 2 == 0

internal const val QUOTES = "\"“”"

private const val JOINING = "(?:(?:and|but|then|while|also|please)\\s+)*"

private const val BEGINNING =
    "send|route|forward|direct|give|pass|use|keep|block|refuse|reject|deny|forbid|add|set|tell|for|" +
        "everything|anything|all|the rest|otherwise"

private val ending =
    Regex("""\s*(?:[;\n]+|[.!?]+(?=\s|$))\s*$JOINING|,?\s+(?:and|but|then|while)\s+$JOINING(?=(?:$BEGINNING)\b)""", RegexOption.IGNORE_CASE)

private val comma = Regex("""\s*,(?!\d)\s*$JOINING""", RegexOption.IGNORE_CASE)
