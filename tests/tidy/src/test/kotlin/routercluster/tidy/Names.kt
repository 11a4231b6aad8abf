package routercluster.tidy

private val fence = Regex("(?ms)^```.*?^```")
private val ticked = Regex("`([^`\n]+)`")
private val path = Regex("""\.?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?""")
private val typeName = Regex("""[A-Z][a-z0-9]+([A-Z][a-z0-9]+)+""")
private val fileEndings = listOf(".md", ".kt", ".yaml", ".yml", ".xml", ".txt", ".sh", ".py")

/**
 * Names in back-ticks of a document that do not exist: paths (with a slash, or with a usual file ending) are looked for in [paths],
 * type names of two humps or more among the declarations in [code]. Addresses, options and anything with blanks are left alone,
 * but for the first word of a command that begins with `./`.
 */
fun missingNames(document: Source, paths: Collection<String>, code: Collection<Source>): List<String> {
    val known = paths.flatMap(::withFolders).toSet()
    val text = fence.replace(document.text) { hit -> "\n".repeat(hit.value.count { it == '\n' }) }
    return ticked
        .findAll(text)
        .map {
            it.groupValues[1]
        }.filter { isMissing(it, known, code) }
        .map { "${document.path}: `$it` does not exist" }
        .toList()
}

private fun isMissing(name: String, known: Set<String>, code: Collection<Source>): Boolean {
    val word = if (name.startsWith("./")) name.substringBefore(' ').removePrefix("./") else name
    return when {
        looksLikePath(word, name) -> word.trimEnd('/') !in known
        typeName.matches(word) -> code.none { Regex("""\b(class|interface|object|typealias)\s+$word\b""").containsMatchIn(it.text) }
        else -> false
    }
}

private fun withFolders(path: String): List<String> =
    generateSequence(path) { it.substringBeforeLast('/', "") }.takeWhile(String::isNotEmpty).toList()

private fun looksLikePath(word: String, written: String): Boolean =
    path.matches(word) && !word.startsWith("..") && (written.startsWith("./") || '/' in word || fileEndings.any { word.endsWith(it) })
