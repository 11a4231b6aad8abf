package routercluster.inference.pii

import org.apache.commons.validator.routines.DomainValidator
import org.apache.commons.validator.routines.InetAddressValidator
import routercluster.policy.encode.Span

private const val LOCAL_MAX = 64
private const val DOMAIN_MAX = 253
private const val LOCAL_MARKS = ".!#$%&'*+/=?^_`{|}~-"

/** Whether names are those of hosts. A text names few hosts often, and the check of one costs some microseconds. */
internal class Hosts {
    private val known = HashMap<String, Boolean>()

    fun isHost(name: String): Boolean =
        known[name] ?: DomainValidator.getInstance().isValid(name).also { if (known.size < KNOWN_MAX) known[name] = it }

    private companion object {
        const val KNOWN_MAX = 1_000
    }
}

/** Letters, digits and marks, an at sign, a host. The part before it neither begins nor ends with a full stop, nor has two in a row. */
internal fun emails(text: String, hosts: Hosts): List<Span> {
    val found = ArrayList<Span>()
    var at = text.indexOf('@')
    while (at >= 0) {
        val start = localStart(text, at)
        val end = if (start < at && text[at - 1] != '.') hostEnd(text, at + 1) else at
        if (end > at + 1 && hosts.isHost(text.substring(at + 1, end))) found += exact("EMAIL_ADDRESS", start, end)
        at = text.indexOf('@', at + 1)
    }
    return found
}

private fun localStart(text: String, at: Int): Int {
    var start = at
    while (start > 0 && at - start < LOCAL_MAX && isLocalPart(text[start - 1]) && !(text[start - 1] == '.' && text[start] == '.')) start--
    while (start < at && !text[start].isLetterOrDigit() && text[start] != '_') start++
    return start
}

private fun isLocalPart(unit: Char) = unit.isLetterOrDigit() || unit in LOCAL_MARKS

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

private const val NAME_MIN = 4
private const val URL_MAX = 2_048
private const val URL_ENDS = ".,;:!?)]}'\"»”’"
private val schemes = listOf("https://", "http://", "www.")

/** Generic endings that are more often those of files. */
private val fileEndings = setOf("zip", "mov", "java")

/** Addresses with a scheme or `www.` as a whole; names alone only with a generic ending, since files have the endings of countries. */
internal fun webAddresses(text: String, hosts: Hosts): List<Span> {
    val names =
        runs(text, NAME_MIN..DOMAIN_MAX) { isLetter(it) || isDigit(it) || it == '.' || it == '-' }
            .map { (from, until) -> from to hostEnd(text, from).coerceAtMost(until) }
            .filter { (from, until) -> isGeneric(text.substring(from, until), hosts) }
            .map { (from, until) -> exact("DOMAIN_NAME", from, until) }
    return schemes.flatMap { wholeAddresses(text, it, hosts) } + names
}

private fun wholeAddresses(text: String, scheme: String, hosts: Hosts): List<Span> {
    val found = ArrayList<Span>()
    var at = text.indexOf(scheme, ignoreCase = true)
    while (at >= 0) {
        val host = if (scheme == "www.") at else at + scheme.length
        val name = text.substring(host, hostEnd(text, host))
        val isHost = hosts.isHost(name) || InetAddressValidator.getInstance().isValidInet4Address(name)
        val isWhole = isHost && (at == 0 || !text[at - 1].isLetterOrDigit())
        val end = if (isWhole) urlEnd(text, at) else at + scheme.length
        if (isWhole) found += exact("DOMAIN_NAME", at, end)
        at = text.indexOf(scheme, end, ignoreCase = true)
    }
    return found
}

private fun isGeneric(name: String, hosts: Hosts): Boolean {
    val ending = name.substringAfterLast('.', "").lowercase()
    return ending.length > 1 && ending !in fileEndings && DomainValidator.getInstance().isValidGenericTld(ending) && hosts.isHost(name)
}

private fun urlEnd(text: String, start: Int): Int {
    var end = start
    while (end < text.length && end - start < URL_MAX && !text[end].isWhitespace() && text[end] !in "\"'<>") end++
    while (end > start && text[end - 1] in URL_ENDS) end--
    return end
}
