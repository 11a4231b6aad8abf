package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.RequestHeaders
import io.netty.util.AsciiString
import routercluster.policy.GatewaySettings
import routercluster.policy.IdentityHeaders
import routercluster.policy.limits.LimitCaller
import routercluster.policy.request.BadRequest
import routercluster.policy.request.Identity
import java.net.InetAddress
import java.net.URLEncoder
import java.security.MessageDigest
import java.util.HexFormat

/**
 * The edge of trust. Whatever a client must not be able to say is removed here, before anything reads it: identity headers and
 * our own headers count only when they come from a peer that the policy trusts.
 */
class Edge(private val identity: IdentityHeaders, gateway: GatewaySettings) {
    private val limits = gateway.limits
    private val trusted = gateway.trustedPeers.map(AddressBlock::parse)
    private val identityNames = setOf(identity.user, identity.groups, TEAM, TENANT).map(AsciiString::of).toSet()

    fun trusts(peer: InetAddress?): Boolean = peer != null && trusted.any { it.contains(peer) }

    /** Refuses more or longer headers than the policy allows. */
    fun checkHeaders(headers: RequestHeaders) {
        var count = 0
        var bytes = 0
        for ((name, value) in headers) {
            if (name.isNotEmpty() && name.byteAt(0) != ':'.code.toByte()) count++
            bytes += name.length + value.length
        }
        if (count > limits.headersMax) throw BadRequest(431, "too_many_headers", "More than ${limits.headersMax} request headers")
        if (bytes >
            limits.headerBytesMax
        ) {
            throw BadRequest(431, "headers_too_large", "Request headers exceed ${limits.headerBytesMax} bytes")
        }
    }

    /** The caller as a trusted [peer] names it; anybody else names nobody. */
    fun identity(headers: RequestHeaders, peer: InetAddress?): Identity {
        if (!trusts(peer)) return Identity(null, failOpen = identity.failOpen)
        val groups = headers
            .get(identity.groups)
            .orEmpty()
            .split(',')
            .map(String::trim)
            .filter(String::isNotEmpty)
        return Identity(headers.get(identity.user)?.takeIf(String::isNotBlank), groups, identity.failOpen)
    }

    /**
     * Who asks, for limits: names and keys as a trusted [peer] passes them on, which has checked them; of a stranger only where the request
     * came from. A key is kept as a digest.
     */
    fun caller(headers: RequestHeaders, peer: InetAddress?): LimitCaller {
        if (!trusts(peer)) return LimitCaller(peer = peer?.address)
        val named = identity(headers, peer)
        val key = keyHeaders.firstNotNullOfOrNull { headers.get(it)?.takeIf(String::isNotBlank) }
        return LimitCaller(named.user, named.groups, headers.get(TEAM)?.takeIf(String::isNotBlank), key?.let(::digest), peer?.address)
    }

    private fun digest(key: String): String =
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key.toByteArray()))

    /**
     * Whose conversations a caller may see: the tenant and the user that a trusted [peer] names. Whoever is not named shares one tenant
     * with all the others, where nothing but an id that cannot be guessed protects a conversation.
     */
    fun tenant(headers: RequestHeaders, peer: InetAddress?): String {
        val named = listOf(headers.get(TENANT), headers.get(identity.user)).map { it?.takeIf(String::isNotBlank) }
        if (!trusts(peer) || named.all { it == null }) return ANONYMOUS
        return named.joinToString("/") { URLEncoder.encode(it.orEmpty(), Charsets.UTF_8) }
    }

    /** Where the caller belongs, as a trusted [peer] says; anybody else belongs nowhere. */
    fun membership(headers: RequestHeaders, peer: InetAddress?): Membership {
        if (!trusts(peer)) return Membership(null, null, null)

        fun said(name: String) = headers.get(name)?.takeIf(String::isNotBlank)
        return Membership(said(TENANT), said(TEAM), said(identity.user))
    }

    /** Whether the header [name] says who a caller is. */
    fun namesCaller(name: AsciiString): Boolean = name in identityNames

    /** Whether a client's header [name] is kept from upstreams and, unless the peer is trusted, from us. */
    fun isInternal(name: AsciiString): Boolean =
        name in identityNames || name in internalNames || INTERNAL_PREFIXES.any { name.startsWith(it) }

    companion object {
        private const val TEAM = "x-authz-team-id"

        /** Where clients put their keys. */
        private val keyHeaders = listOf(HttpHeaderNames.AUTHORIZATION, AsciiString.of("x-api-key"), AsciiString.of("api-key"))
        private const val TENANT = "x-authz-tenant-id"

        /** Holds no slash, as every other tenant does. */
        const val ANONYMOUS = "anonymous"
        private val INTERNAL_PREFIXES = listOf("x-vsr-", "x-router-", "x-envoy-", "x-routercluster-").map(AsciiString::of)
        private val internalNames =
            setOf("x-selected-model", "x-gateway-destination-endpoint", "x-gateway-model-name-rewrite").map(AsciiString::of).toSet()

        /** Headers that concern one connection, tell of the caller's way to us, or are set by ourselves. */
        private val perHop =
            setOf(
                HttpHeaderNames.CONNECTION,
                HttpHeaderNames.KEEP_ALIVE,
                HttpHeaderNames.PROXY_AUTHENTICATE,
                HttpHeaderNames.PROXY_AUTHORIZATION,
                HttpHeaderNames.TE,
                HttpHeaderNames.TRAILER,
                HttpHeaderNames.TRANSFER_ENCODING,
                HttpHeaderNames.UPGRADE,
                HttpHeaderNames.HOST,
                HttpHeaderNames.CONTENT_LENGTH,
                HttpHeaderNames.EXPECT,
                HttpHeaderNames.ACCEPT_ENCODING,
                AsciiString.of("proxy-connection"),
                AsciiString.of("http2-settings"),
                AsciiString.of("traceparent"),
                AsciiString.of("tracestate"),
                AsciiString.of("x-request-id"),
                HttpHeaderNames.FORWARDED,
                HttpHeaderNames.VIA,
                HttpHeaderNames.X_FORWARDED_FOR,
                HttpHeaderNames.X_FORWARDED_HOST,
                HttpHeaderNames.X_FORWARDED_PROTO,
                AsciiString.of("x-real-ip"),
            )

        fun isPerHop(name: AsciiString): Boolean = name in perHop
    }
}

/** Where a caller belongs; null for what nobody vouches for. */
class Membership(val tenant: String?, val team: String?, val user: String?)

/** A CIDR block. */
internal class AddressBlock(private val network: ByteArray, private val prefixBits: Int) {
    fun contains(address: InetAddress): Boolean {
        val bytes = address.address
        if (bytes.size != network.size) return false
        return (0 until prefixBits).all { bit -> bitOf(bytes, bit) == bitOf(network, bit) }
    }

    private fun bitOf(bytes: ByteArray, bit: Int): Int = (bytes[bit / 8].toInt() shr (7 - bit % 8)) and 1

    companion object {
        /** [text] is an address or `address/bits`, already checked by the policy loader; never a host name, so nothing is looked up. */
        fun parse(text: String): AddressBlock {
            val network = InetAddress.getByName(text.substringBefore('/')).address
            // Java makes an IPv4 address of an IPv6 one that stands for it; peers are told the same way.
            val droppedBits = if (':' in text && network.size == IPV4_BYTES) MAPPED_PREFIX_BITS else 0
            val bits = text.substringAfter('/', "").toIntOrNull()?.minus(droppedBits) ?: (network.size * 8)
            return AddressBlock(network, maxOf(0, bits))
        }

        private const val IPV4_BYTES = 4
        private const val MAPPED_PREFIX_BITS = 96
    }
}
