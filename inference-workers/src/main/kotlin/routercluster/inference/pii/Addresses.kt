package routercluster.inference.pii

import org.apache.commons.validator.routines.DomainValidator
import org.apache.commons.validator.routines.EmailValidator
import org.apache.commons.validator.routines.InetAddressValidator
import routercluster.policy.encode.Span

private const val LOCAL_MAX = 64
private const val DOMAIN_MAX = 253
private const val LOCAL_MARKS = ".!#$%&'*+/=?^_`{|}~-"

internal fun emails(text: String): List<Span> {
    val found = ArrayList<Span>()
    var at = text.indexOf('@')
    while (at >= 0) {
        var start = at
        while (start > 0 && at - start < LOCAL_MAX && (text[start - 1].isLetterOrDigit() || text[start - 1] in LOCAL_MARKS)) start--
        while (start < at && !text[start].isLetterOrDigit() && text[start] != '_') start++
        val end = hostEnd(text, at + 1)
        val isWhole = start < at && text.indexOf('.', at) in at until end
        if (isWhole && EmailValidator.getInstance().isValid(text.substring(start, end))) found += exact("EMAIL_ADDRESS", start, end)
        at = text.indexOf('@', at + 1)
    }
    return found
}

/** Where the host name that begins at [start] ends; a full stop behind it is the sentence's. */
private fun hostEnd(text: String, start: Int): Int {
    var end = start
    while (end < text.length && end - start < DOMAIN_MAX && isHostPart(text[end])) end++
    while (end > start && (text[end - 1] == '.' || text[end - 1] == '-')) end--
    return end
}

private fun isHostPart(unit: Char) = unit.isLetterOrDigit() || unit == '.' || unit == '-'

private val IPV4_LENGTH = 7..15
private val IPV6_LENGTH = 3..45

internal fun ipAddresses(text: String): List<Span> {
    val addresses = InetAddressValidator.getInstance()
    val four =
        runs(text, IPV4_LENGTH.first..IPV4_LENGTH.last + 1) { isDigit(it) || it == '.' }
            .map { (from, until) -> from to if (text[until - 1] == '.') until - 1 else until }
            .filter { (from, until) -> addresses.isValidInet4Address(text.substring(from, until)) }
    // Without a digit it is rather a path of names with colons between.
    val six =
        runs(text, IPV6_LENGTH) { isHex(it) || it == ':' || it == '.' }
            .filter { (from, until) -> (from until until).count { text[it] == ':' } >= 2 && (from until until).any { isDigit(text[it]) } }
            .filter { (from, until) -> addresses.isValidInet6Address(text.substring(from, until)) }
    return (four + six).map { (from, until) -> exact("IP_ADDRESS", from, until) }
}

private fun isHex(unit: Char) = isDigit(unit) || unit in 'a'..'f' || unit in 'A'..'F'

private const val URL_MAX = 2_048
private const val URL_ENDS = ".,;:!?)]}'\"»”’"
private val schemes = listOf("https://", "http://", "www.")

/** Generic endings that are more often those of files. */
private val fileEndings = setOf("zip", "mov", "java")

/** Addresses with a scheme or `www.` as a whole; names alone only with a generic ending, since files have the endings of countries. */
internal fun webAddresses(text: String): List<Span> {
    val domains = DomainValidator.getInstance()
    val whole = ArrayList<Span>()
    for (scheme in schemes) {
        var at = text.indexOf(scheme, ignoreCase = true)
        while (at >= 0) {
            val host = if (scheme == "www.") at else at + scheme.length
            val name = text.substring(host, hostEnd(text, host))
            val isHost = domains.isValid(name) || InetAddressValidator.getInstance().isValidInet4Address(name)
            val end = if (isHost) urlEnd(text, at) else host
            if (isHost && (at == 0 || !text[at - 1].isLetterOrDigit())) whole += exact("DOMAIN_NAME", at, end)
            at = text.indexOf(scheme, end, ignoreCase = true)
        }
    }
    val names =
        runs(text, 4..DOMAIN_MAX) { isLetter(it) || isDigit(it) || it == '.' || it == '-' }
            .map { (from, until) -> from to hostEnd(text, from).coerceAtMost(until) }
            .filter { (from, until) -> isGeneric(text.substring(from, until), domains) }
            .map { (from, until) -> exact("DOMAIN_NAME", from, until) }
    return whole + names
}

private fun isGeneric(name: String, domains: DomainValidator): Boolean {
    val ending = name.substringAfterLast('.', "").lowercase()
    return ending.length > 1 && ending !in fileEndings && domains.isValidGenericTld(ending) && domains.isValid(name)
}

private fun urlEnd(text: String, start: Int): Int {
    var end = start
    while (end < text.length && end - start < URL_MAX && !text[end].isWhitespace() && text[end] !in "\"'<>") end++
    while (end > start && text[end - 1] in URL_ENDS) end--
    return end
}
