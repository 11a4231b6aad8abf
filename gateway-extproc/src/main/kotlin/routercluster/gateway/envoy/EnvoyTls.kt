package routercluster.gateway.envoy

import routercluster.policy.Policy

/** TLS towards [host], whose certificate must be for its own name or address and lead to one in [caFile]. */
internal fun upstreamTls(host: String, caFile: String, client: ClientCertificate? = null, protocol: String? = null): Tree {
    val address = isIpAddress(host)
    val name = if (address) emptyMap() else mapOf("sni" to host)
    val common =
        buildMap {
            put("validation_context", mapOf("trusted_ca" to mapOf("filename" to caFile), "match_typed_subject_alt_names" to names(host)))
            client?.let { put("tls_certificates", listOf(certificate(it))) }
            protocol?.let { put("alpn_protocols", listOf(it)) }
        }
    val context = typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext") + name
    return named("envoy.transport_sockets.tls", context + ("common_tls_context" to common))
}

/** Towards our ext_proc port, as far as the policy has it so. */
internal fun routerTls(policy: Policy, options: EnvoyOptions): Tree {
    val server = policy.gateway.extProcTls ?: return emptyMap()
    require(server.clientCaFile == null || options.client != null) { "The policy asks Envoy for a certificate, and none was given" }
    return mapOf("transport_socket" to upstreamTls(options.extProc.host, options.routerCaFile, options.client, protocol = "h2"))
}

private fun names(host: String): List<Tree> =
    listOf(mapOf("san_type" to if (isIpAddress(host)) "IP_ADDRESS" else "DNS", "matcher" to mapOf("exact" to host)))

private fun certificate(client: ClientCertificate): Tree =
    mapOf(
        "certificate_chain" to mapOf("filename" to client.certificateFile),
        "private_key" to mapOf("filename" to client.keyFile),
    )

internal fun isIpAddress(host: String): Boolean = ':' in host || host.all { it in '0'..'9' || it == '.' }
