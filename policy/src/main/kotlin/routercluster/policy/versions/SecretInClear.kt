package routercluster.policy.versions

/** A place where a policy file's text seems to hold a key or a password itself. [name] is what it is called there, [line] counts from 1. */
data class SecretInClear(val line: Int, val name: String)

/**
 * The first place where [text] holds a secret rather than the name of an environment variable; null where there is none. Looks at the text
 * and not at what it means, so that it also finds secrets in comments and in files that are no YAML. In doubt it is one.
 */
fun secretInClear(text: String): SecretInClear? {
    val fields = namedFields.flatMap { it.findAll(text) }.filterNot { isHarmless(it.groupValues[2]) }
    val named = fields.map { it.groups[2] to it.groupValues[1] }
    val passwords = urlPassword.findAll(text).filterNot { isHarmless(it.groupValues[1]) }.map { it.groups[1] to "password in an address" }
    val shaped = keyShapes.findAll(text).map { it.groups[0] to "what looks like a key" }
    val (start, name) =
        (named + passwords + shaped).mapNotNull { (group, name) -> group?.let { it.range.first to name } }.minByOrNull { it.first }
            ?: return null
    return SecretInClear(1 + text.take(start).count { it == '\n' }, name)
}

/** What a name of a field, header or variable ends with where its value is secret. */
private const val SECRET_NAMES =
    "(?:api|access|secret|private|signing|encryption|account|hmac)[_-]?key|password|passwd|passphrase|secret|token|authorization|cookie" +
        "|credentials?"

private const val NAME = """([\w.-]{0,64}(?:$SECRET_NAMES))["']?"""

private const val DOLLAR = "\\$"

/**
 * Quoted, or up to where a plain value ends in flow style; the word before a token in a header belongs to it. A reference is looked for so far
 * and no further, or a text full of its beginnings would be read to its end for each of them.
 */
private const val VALUE =
    """("[^"]*+"|'[^']*+'|(?:(?:Bearer|Basic|Token)[ \t]+)?(?:$DOLLAR\{[^}\n]{0,256}+}|[^\s,}\]#$DOLLAR]++|$DOLLAR)++)"""

private val namedFields =
    sequenceOf(
        // A key of a mapping, in block or flow style, perhaps commented out.
        Regex("""(?im)(?:^[ \t]*(?:#[ \t]*)*+(?:-[ \t]+)*+|[{,][ \t]*)["']?$NAME[ \t]*:\s*$VALUE"""),
        // A header as {name: …, value: …}.
        Regex("""(?i)\bname["']?[ \t]*:[ \t]*["']?$NAME[ \t]*,?\s*["']?value["']?[ \t]*:\s*$VALUE"""),
        // Part of a query or of a command line.
        Regex("""(?i)(?:[?&]|--)$NAME=$VALUE"""),
    )

private val urlPassword = Regex("""://[^/\s:@"']{0,256}:([^/\s@"']{1,256})@""")

/** The shapes that well-known services give to their keys. */
private val keyShapes =
    Regex(
        """\bsk-[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}""" +
            """|\bAIza[0-9A-Za-z_-]{30,}|\bhf_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----""",
    )

private val harmless = Regex("""(?i)(?:~|null|true|false)?|\{.*|.*:|(?:(?:Bearer|Basic|Token)\s+)?\$(?:[a-z_]\w*|\{[a-z_]\w*(?::?-)?})""")

/** Nothing, a mapping or its first key, or nothing but a reference without a default. */
private fun isHarmless(value: String): Boolean = harmless.matches(value.trim('"', '\'').trim())
