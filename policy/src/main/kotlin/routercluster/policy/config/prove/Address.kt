package routercluster.policy.config.prove

import java.net.InetAddress
import java.net.UnknownHostException

/**
 * A host and a port.
 *
 * @property host a name, an IPv4 address, or an IPv6 address without brackets
 */
internal data class HostPort(val host: String, val port: Int)

/**
 * An http or https URL, taken apart.
 *
 * @property path without a closing slash, empty for the root
 */
internal data class BaseUrl(val tls: Boolean, val address: HostPort, val path: String)

private val bracketed = Regex("""\[([0-9A-Fa-f:.]+)](?::(\d{1,5}))?""")
private val named = Regex("""([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?)(?::(\d{1,5}))?""")
private val url = Regex("""(https?)://([^/?#@]+)(/[^?#\s]*)?""", RegexOption.IGNORE_CASE)

/** Reads `host:port`, `1.2.3.4:port` or `[2001:db8::1]:port`; without a port [defaultPort], or null where that is null too. */
internal fun parseHostPort(text: String, defaultPort: Int?): HostPort? {
    val inBrackets = bracketed.matchEntire(text)
    val (host, digits) = (inBrackets ?: named.matchEntire(text))?.destructured ?: return null
    if (inBrackets != null && !isIpv6(host)) return null
    val port = if (digits.isEmpty()) defaultPort else digits.toInt()
    return port?.takeIf { it in 1..65_535 }?.let { HostPort(host, it) }
}

/** Reads `http://host[:port][/path]`; user names, queries and fragments are not accepted. */
internal fun parseBaseUrl(text: String): BaseUrl? {
    val (scheme, authority, path) = url.matchEntire(text)?.destructured ?: return null
    val tls = scheme.equals("https", ignoreCase = true)
    val address = parseHostPort(authority, if (tls) 443 else 80) ?: return null
    return BaseUrl(tls, address, path.trimEnd('/'))
}

/** Whether [text] is a CIDR block such as `10.0.0.0/8` or `fd00::/8`, or a single address. */
internal fun isCidr(text: String): Boolean {
    val address = text.substringBefore('/')
    val bits = if ('/' in text) text.substringAfter('/').takeIf { it.matches(prefixLength) }?.toInt() ?: return false else 0
    return (isIpv4(address) && bits <= 32) || (isIpv6(address) && bits <= 128)
}

private fun isIpv4(text: String): Boolean =
    text.split('.').let { parts -> parts.size == 4 && parts.all { part -> ipv4Part.matches(part) && part.toInt() <= 255 } }

private val ipv4Part = Regex("""0|[1-9]\d{0,2}""")
private val prefixLength = Regex("""\d{1,3}""")
private val ipv6Letters = Regex("""[0-9A-Fa-f:.]{2,45}""")

/** A text with a colon is never looked up by name, so nothing is asked of the network here. */
private fun isIpv6(text: String): Boolean {
    if (':' !in text || !ipv6Letters.matches(text)) return false
    return try {
        InetAddress.getByName(text).hostAddress.isNotEmpty()
    } catch (_: UnknownHostException) {
        false
    }
}
