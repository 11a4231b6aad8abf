package routercluster.tidy

/**
 * Kotlin with the contents of comments, strings and character literals blanked, line breaks kept, so that a search finds code only.
 * Expressions inside string templates are blanked too.
 */
fun codeOnly(text: String): String = blanked(text, comments = true)

/** As [codeOnly], but keeps comments. */
fun withoutStrings(text: String): String = blanked(text, comments = false)

private fun blanked(text: String, comments: Boolean): String {
    val out = StringBuilder(text.length)
    var at = 0
    while (at < text.length) {
        val end =
            when {
                text.startsWith("//", at) -> lineEnd(text, at)
                text.startsWith("/*", at) -> commentEnd(text, at)
                text.startsWith("\"\"\"", at) -> rawStringEnd(text, at)
                text[at] == '"' || text[at] == '\'' -> literalEnd(text, at)
                else -> at
            }
        if (end == at) {
            out.append(text[at++])
        } else {
            val keep = !comments && text[at] == '/'
            text.substring(at, end).forEach { out.append(if (keep || it == '\n') it else ' ') }
            at = end
        }
    }
    return out.toString()
}

private fun lineEnd(text: String, start: Int): Int = text.indexOf('\n', start).let { if (it < 0) text.length else it }

/** Kotlin's block comments nest. */
private fun commentEnd(text: String, start: Int): Int {
    var depth = 0
    var at = start
    while (at < text.length) {
        if (text.startsWith("/*", at)) depth++
        if (text.startsWith("*/", at)) depth--
        if (text.startsWith("/*", at) || text.startsWith("*/", at)) at += 2 else at++
        if (depth == 0) return at
    }
    return at
}

private fun rawStringEnd(text: String, start: Int): Int {
    val close = text.indexOf("\"\"\"", start + 3)
    if (close < 0) return text.length
    var end = close + 3
    while (end < text.length && text[end] == '"') end++
    return end
}

private fun literalEnd(text: String, start: Int): Int {
    val quote = text[start]
    var at = start + 1
    while (at < text.length && text[at] != quote && text[at] != '\n') at += if (text[at] == '\\') 2 else 1
    return minOf(at + 1, text.length)
}
