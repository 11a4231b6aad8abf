package routercluster.gateway.envoy

import org.snakeyaml.engine.v2.api.Dump
import org.snakeyaml.engine.v2.api.DumpSettings
import org.snakeyaml.engine.v2.common.FlowStyle
import routercluster.gateway.extproc.ATTEMPTS_ATTRIBUTE
import routercluster.gateway.extproc.DESTINATION_HEADER
import routercluster.gateway.extproc.DETAILS_ATTRIBUTE
import routercluster.gateway.extproc.ENDPOINT_NAMESPACE
import routercluster.gateway.extproc.OWN_NAMESPACE
import routercluster.gateway.extproc.PEER_ATTRIBUTE
import routercluster.gateway.extproc.UPSTREAM_HEADER
import routercluster.gateway.pipeline.DoorPlan
import routercluster.policy.Listener
import routercluster.policy.Policy
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.time.Duration

/** A YAML mapping in the order it is written. */
internal typealias Tree = Map<String, Any>

/** The oldest Envoy of each line without the known holes in header and ext_proc handling. */
const val ENVOY_VERSION_MIN = "1.35.11, 1.36.7, 1.37.3 or 1.38.1"

/**
 * An Envoy bootstrap for [policy]: every listener asks the router about every request, and each upstream is a cluster of its own,
 * chosen by the header that the router sets. Holds no credential: the router adds them request by request.
 */
fun renderEnvoy(policy: Policy, options: EnvoyOptions = EnvoyOptions()): String {
    val listeners = options.listeners ?: policy.listeners
    require(listeners.isNotEmpty()) { "The policy names no listener" }
    val upstreams = policy.models.values.flatMap { model -> model.upstreams.map { model to it } }
    val config =
        buildMap<String, Any> {
            options.adminPort?.let { put("admin", mapOf("address" to socketAddress("127.0.0.1", it))) }
            put("overload_manager", mapOf("resource_monitors" to listOf(connectionBound(options.connectionsMax))))
            put(
                "static_resources",
                mapOf(
                    "listeners" to listeners.map { listener(it, policy, upstreams, options) },
                    "clusters" to
                        routerClusters(policy, options) +
                        upstreams.map { (model, upstream) -> upstreamCluster(model, upstream, policy, options) },
                ),
            )
        }
    return HEADER + Dump(dumpSettings).dumpToString(config)
}

private const val HEADER = "# Rendered from a RouterCluster policy by `router envoy-config`. Needs Envoy $ENVOY_VERSION_MIN, or newer.\n"

private val dumpSettings: DumpSettings =
    DumpSettings
        .builder()
        .setDefaultFlowStyle(FlowStyle.BLOCK)
        .setIndent(2)
        .setWidth(140)
        .setDereferenceAliases(true)
        .build()

/** Envoy takes no more. */
private const val HEADER_KIB_MAX = 8_192

private const val HTTP_MANAGER = "envoy.filters.network.http_connection_manager"
private const val HTTP = "envoy.extensions.filters.http"
private const val EXT_PROC = "envoy.filters.http.ext_proc"

internal fun typed(type: String, vararg fields: Pair<String, Any>): Tree = mapOf("@type" to "type.googleapis.com/$type", *fields)

internal fun named(name: String, config: Tree): Tree = mapOf("name" to name, "typed_config" to config)

internal fun socketAddress(host: String, port: Int): Tree = mapOf("socket_address" to mapOf("address" to host, "port_value" to port))

/** Envoy reads durations in seconds. */
internal fun seconds(duration: Duration): String {
    val seconds = duration.toMillis().toBigDecimal().movePointLeft(3)
    return seconds.stripTrailingZeros().toPlainString() + "s"
}

private fun connectionBound(connectionsMax: Int): Tree =
    named(
        "envoy.resource_monitors.global_downstream_max_connections",
        typed(
            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            "max_active_downstream_connections" to connectionsMax,
        ),
    )

private fun listener(listener: Listener, policy: Policy, upstreams: List<Pair<Model, Upstream>>, options: EnvoyOptions): Tree =
    mapOf(
        "name" to listener.name,
        "address" to socketAddress(listener.address, listener.port),
        "per_connection_buffer_limit_bytes" to 1024 * 1024,
        "filter_chains" to listOf(mapOf("filters" to listOf(named(HTTP_MANAGER, connectionManager(listener, policy, upstreams, options))))),
    )

private fun connectionManager(listener: Listener, policy: Policy, upstreams: List<Pair<Model, Upstream>>, options: EnvoyOptions): Tree =
    typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix" to listener.name,
        // The client's address is the peer's own: nobody may name another in x-forwarded-for.
        "use_remote_address" to true,
        "preserve_external_request_id" to true,
        "normalize_path" to true,
        "merge_slashes" to true,
        "stream_idle_timeout" to seconds(idleTimeout(policy)),
        "request_headers_timeout" to "10s",
        "drain_timeout" to seconds(policy.gateway.drainTimeout),
        "http_protocol_options" to mapOf("accept_http_10" to true),
        // Twice the policy's bounds, so that most refusals come from the router.
        "max_request_headers_kb" to minOf(policy.gateway.limits.headerBytesMax / 512 + 1, HEADER_KIB_MAX),
        "common_http_protocol_options" to mapOf("idle_timeout" to "900s", "max_headers_count" to policy.gateway.limits.headersMax * 2),
        "access_log" to if (options.accessLog) listOf(accessLog()) else emptyList(),
        "local_reply_config" to mapOf("mappers" to localReplies()),
        "route_config" to routes(listener, policy, upstreams, options),
        "http_filters" to
            listOf(
                named(EXT_PROC, extProcFilter(policy, options)),
                named("envoy.filters.http.router", typed("$HTTP.router.v3.Router", "suppress_envoy_headers" to true)),
            ),
    )

private fun extProcFilter(policy: Policy, options: EnvoyOptions): Tree =
    typed(
        "$HTTP.ext_proc.v3.ExternalProcessor",
        "grpc_service" to mapOf("envoy_grpc" to mapOf("cluster_name" to ROUTER_CLUSTER)),
        // Without the router nothing is routed: limits, identity and credentials all come from it.
        "failure_mode_allow" to false,
        "status_on_error" to mapOf("code" to "ServiceUnavailable"),
        "message_timeout" to seconds(options.messageTimeout + policy.patience),
        "request_attributes" to listOf(PEER_ATTRIBUTE),
        "response_attributes" to listOf(DETAILS_ATTRIBUTE, ATTEMPTS_ATTRIBUTE),
        // Spares a round trip: the first bytes of an answer need not wait for what the router says to its headers.
        "send_body_without_waiting_for_header_response" to (options.answerBodies == AnswerBodies.STREAMED),
        // What is no HTTP has no route. Were the router asked about Envoy's answer to it, the connection would close before.
        "processing_mode" to mapOf("request_header_mode" to "SKIP", "response_header_mode" to "SKIP"),
        "metadata_options" to mapOf("receiving_namespaces" to mapOf("untyped" to listOf(ENDPOINT_NAMESPACE, OWN_NAMESPACE))),
    )

/** How the router takes part in every request that has a route. */
private fun processing(options: EnvoyOptions): Tree {
    val mode =
        mapOf(
            "request_header_mode" to "SEND",
            "response_header_mode" to "SEND",
            "request_body_mode" to options.requestBodies.name,
            "response_body_mode" to options.answerBodies.name,
            "request_trailer_mode" to "SEND",
            "response_trailer_mode" to if (options.answerBodies == AnswerBodies.NONE) "SKIP" else "SEND",
        )
    return typed("$HTTP.ext_proc.v3.ExtProcPerRoute", "overrides" to mapOf("processing_mode" to mode))
}

private fun routes(listener: Listener, policy: Policy, upstreams: List<Pair<Model, Upstream>>, options: EnvoyOptions): Tree =
    mapOf(
        "name" to listener.name,
        "request_headers_to_remove" to listOf(UPSTREAM_HEADER, DESTINATION_HEADER),
        "virtual_hosts" to
            listOf(
                mapOf(
                    "name" to "all",
                    "domains" to listOf("*"),
                    "typed_per_filter_config" to mapOf(EXT_PROC to processing(options)),
                    "routes" to
                        upstreams.map { (model, upstream) -> upstreamRoute(listener, policy, model, upstream) } +
                        listOf(httpDoorRoute(listener, policy), noRoute()),
                ),
            ),
    )

/** Who called us is no business of an upstream's. */
private val callerHeaders = listOf("x-forwarded-for", "x-envoy-external-address")

private fun upstreamRoute(listener: Listener, policy: Policy, model: Model, upstream: Upstream): Tree {
    val forwarding = policy.gateway.forwarding
    return mapOf(
        "match" to match(upstream.id),
        "request_headers_to_remove" to callerHeaders,
        "route" to
            mapOf(
                "cluster" to upstream.id,
                "host_rewrite_literal" to authority(upstream),
                "timeout" to seconds(minOf(listener.timeout, forwarding.totalTimeout)),
                "idle_timeout" to seconds(idleTimeout(policy)),
                "retry_policy" to retryPolicy(model, forwarding),
            ),
    )
}

private fun httpDoorRoute(listener: Listener, policy: Policy): Tree =
    mapOf(
        "match" to match(DoorPlan.HTTP_DOOR),
        "route" to
            mapOf(
                "cluster" to DoorPlan.HTTP_DOOR,
                "timeout" to seconds(minOf(listener.timeout, policy.gateway.forwarding.totalTimeout)),
                "idle_timeout" to seconds(idleTimeout(policy)),
            ),
    )

private val staleConfigError = errorText("stale_envoy_config", "This gateway does not know the chosen upstream")

/** Reached only when the router's choice names no cluster of this file: the policy is newer than the rendered configuration. */
private fun noRoute(): Tree =
    mapOf(
        "match" to mapOf("prefix" to "/"),
        "direct_response" to mapOf("status" to 503, "body" to mapOf("inline_string" to staleConfigError)),
        "response_headers_to_add" to listOf(mapOf("header" to mapOf("key" to "content-type", "value" to "application/json"))),
    )

private fun match(upstream: String): Tree =
    mapOf("prefix" to "/", "headers" to listOf(mapOf("name" to UPSTREAM_HEADER, "string_match" to mapOf("exact" to upstream))))

/** A stream is idle while it waits for the first byte, too. */
private fun idleTimeout(policy: Policy): Duration = maxOf(policy.gateway.forwarding.idleTimeout, policy.gateway.forwarding.firstByteTimeout)

/** The upstream's own name; a port only where it is not the scheme's. */
private fun authority(upstream: Upstream): String {
    val host = if (':' in upstream.host) "[${upstream.host}]" else upstream.host
    return if (upstream.port == (if (upstream.tls) 443 else 80)) host else "$host:${upstream.port}"
}
