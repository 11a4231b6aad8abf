package routercluster.policy.language

/** Thoughts that some models write before their answer. */
private val thoughts = Regex("""<think(?:ing)?>.*?(?:</think(?:ing)?>|\z)""", RegexOption.DOT_MATCHES_ALL)

private val fencedBlock = Regex("""(?m)^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\z)""", RegexOption.DOT_MATCHES_ALL)

private val beginning =
    Regex("""(?m)^[ \t]*(?:ROUTING|SIGNAL|PROJECTION|PLUGIN|ROUTE|DECISION_TREE|TEST|MODEL|ENTRYPOINT|RECIPE)\b[^\n]*\{""")

/** The program in what a model said: from its fences, or else from the first statement to the last; empty where there is none. */
internal fun programIn(answer: String): String {
    val said = thoughts.replace(answer.replace("\r\n", "\n"), "")
    val fenced = fencedBlock
        .findAll(said)
        .map { it.groupValues[2] }
        .filter { beginning.containsMatchIn(it) }
        .toList()
    if (fenced.isNotEmpty()) return fenced.joinToString("\n").trim()
    val start = beginning.find(said)?.range?.first ?: return ""
    return said.substring(start, endOf(said, start)).trim()
}

/** What begins a statement, or was meant to. */
private val statement = Regex("""(?:\s|#[^\n]*\n)*[A-Z_]{3,}\b""")

/** Behind the last brace that closes a statement before other text begins; the end of the text where one is left open, so that the reader tells of it. */
private fun endOf(text: String, start: Int): Int {
    var depth = 0
    var end = start
    var quoted = false
    var at = start
    while (at < text.length) {
        when (text[at]) {
            '\\' -> if (quoted) at++
            '"' -> quoted = !quoted
            '\n' -> quoted = false
            '{' -> if (!quoted) depth++
            '}' -> if (!quoted && --depth == 0) end = at + 1
        }
        if (depth < 0 || (end == at + 1 && !statement.matchesAt(text, end))) return end
        at++
    }
    return if (depth > 0) text.length else end
}
