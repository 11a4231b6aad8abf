package routercluster.policy.plugins

/**
 * Header names, in lower case, that no plugin may touch: what frames a message, what names its receiver, credentials, and what the
 * router itself says. Names that begin with a colon are protected too.
 */
val protectedHeaders: Set<String> =
    setOf(
        // RFC 9110, 7.6.1: between two hops only.
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        "authorization",
        "proxy-authenticate",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "x-amz-security-token",
        "cookie",
        "x-selected-model",
        "x-gateway-destination-endpoint",
    )

/**
 * A header that a [Plugin.HeaderMutation] must not name.
 *
 * @property place where it stands in the plugin, e.g. `add[0]`
 */
data class HeaderProblem(val place: String, val name: String, val reason: String)

/** What is wrong with this plugin; empty where it may be used. [credentialHeaders] are further names that carry keys, in any case. */
fun Plugin.HeaderMutation.problems(credentialHeaders: Set<String> = emptySet()): List<HeaderProblem> {
    val refused = protectedHeaders + credentialHeaders.map(String::lowercase)
    val added = add.mapIndexed { index, (name, value) -> Triple("add[$index]", name, value) }
    val updated = update.mapIndexed { index, (name, value) -> Triple("update[$index]", name, value) }
    val deleted = delete.mapIndexed { index, name -> Triple("delete[$index]", name, "") }
    return (added + updated + deleted).mapNotNull { (place, name, value) ->
        headerFault(name, value, refused)?.let { HeaderProblem(place, name, it) }
    }
}

private fun headerFault(name: String, value: String, refused: Set<String>): String? =
    when {
        name.lowercase() in refused || name.startsWith(':') -> "is protected and cannot be changed by a plugin"
        !isToken(name) -> "is not a header name"
        !isFieldValue(value) -> "has a value with control characters or blanks at its ends"
        else -> null
    }

/** RFC 9110, 5.6.2. */
private fun isToken(name: String): Boolean =
    name.isNotEmpty() && name.all { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "!#$%&'*+-.^_`|~" }

/** RFC 9110, 5.5. */
private fun isFieldValue(value: String): Boolean = value == value.trim() && value.none { it.isISOControl() && it != '\t' }

/**
 * The headers that the upstream gets: [headers] after every [Plugin.HeaderMutation] of [plugins], in order; within one, deletions
 * first, then updates, then additions. Names are compared without regard to case. The plugins must have no [problems].
 */
fun outgoingHeaders(headers: List<Pair<String, String>>, plugins: List<Plugin>): List<Pair<String, String>> =
    plugins.filterIsInstance<Plugin.HeaderMutation>().fold(headers) { before, plugin ->
        val kept = before.filterNot { (name, _) -> plugin.delete.any { it.equals(name, ignoreCase = true) } }
        val updated = plugin.update.filter { (name, _) -> kept.hasHeader(name) }.fold(kept) { all, header -> all.withHeader(header) }
        plugin.add.fold(updated) { all, header -> all.withHeader(header) }
    }

private fun List<Pair<String, String>>.hasHeader(name: String): Boolean = any { it.first.equals(name, ignoreCase = true) }

/** With [header] as the only one of its name, where the first one stood or else at the end. */
private fun List<Pair<String, String>>.withHeader(header: Pair<String, String>): List<Pair<String, String>> {
    val first = indexOfFirst { it.first.equals(header.first, ignoreCase = true) }
    if (first < 0) return this + header
    return filterIndexed { index, it -> index <= first || !it.first.equals(header.first, ignoreCase = true) }
        .mapIndexed { index, it -> if (index == first) header else it }
}
