package routercluster.policy.config.prove

import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Text

private val token = Regex("""[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}""")

/** Headers that belong to the connection or to the body; setting them would break the message. */
private val framing = setOf("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive")

private const val VALUE_CHARS_MAX = 8_192

/** [name] in lower case, or null after reporting why it cannot name a header that a policy may set. */
internal fun proveHeaderName(name: Text, problems: Problems): String? {
    val lower = name.value.lowercase()
    val fault =
        when {
            !token.matches(name.value) -> "is not a header name"
            lower in framing -> "is a header that a policy cannot touch"
            else -> return lower
        }
    problems.add(name.at, fault, name.value, "letters, digits and -, not ${framing.joinToString(", ")}")
    return null
}

/** Reports a header value that would break the message; never shows it, since it may be a secret. */
internal fun proveHeaderValue(value: String, at: Location, problems: Problems) {
    if (value.length > VALUE_CHARS_MAX || value.any { it != '\t' && (it.isISOControl() || it > '\u00ff') }) {
        problems.add(at, "is not a header value", accepted = "at most $VALUE_CHARS_MAX printable Latin-1 characters on one line")
    }
}
