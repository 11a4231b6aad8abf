package routercluster.gateway.envoy

import routercluster.gateway.pipeline.DoorPlan
import routercluster.policy.Policy
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Model
import routercluster.policy.models.Reliability
import routercluster.policy.models.Upstream
import java.time.Duration

/** The cluster of our ext_proc port. */
internal const val ROUTER_CLUSTER = "routercluster"

private const val HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
private const val EXT_PROC_SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
private val routerCheckInterval = Duration.ofSeconds(5)
private val routerCheckTimeout = Duration.ofSeconds(1)
private val grpcCheck = "grpc_health_check" to mapOf("service_name" to EXT_PROC_SERVICE)
private val keepalive: Tree = mapOf("connection_keepalive" to mapOf("interval" to "30s", "timeout" to "5s"))
private val http2 = httpOptions("explicit_http_config" to mapOf("http2_protocol_options" to keepalive))
private val http1 = httpOptions("explicit_http_config" to mapOf("http_protocol_options" to emptyMap<String, Any>()))

/** HTTP/2 where the upstream offers it in the TLS handshake. */
private val http1Or2 = httpOptions("auto_config" to emptyMap<String, Any>())

internal fun routerClusters(policy: Policy, options: EnvoyOptions): List<Tree> {
    val bounds = circuitBreakers(policy)
    val connect = seconds(policy.gateway.forwarding.connectTimeout)
    val router =
        endpoints(ROUTER_CLUSTER, options.extProc) +
            mapOf(
                "connect_timeout" to connect,
                "circuit_breakers" to bounds,
                "typed_extension_protocol_options" to http2,
                "health_checks" to listOf(check(routerCheckInterval, routerCheckTimeout) + grpcCheck),
            )
    val httpDoor =
        endpoints(DoorPlan.HTTP_DOOR, options.httpDoor) +
            mapOf(
                "connect_timeout" to connect,
                "circuit_breakers" to bounds,
                "typed_extension_protocol_options" to http2,
            )
    return listOf(router, httpDoor)
}

internal fun upstreamCluster(model: Model, upstream: Upstream, policy: Policy, options: EnvoyOptions): Tree =
    buildMap {
        putAll(endpoints(upstream.id, Address(upstream.host, upstream.port)))
        put("connect_timeout", seconds(policy.gateway.forwarding.connectTimeout))
        put("lb_policy", if (model.reliability.loadBalancing == LoadBalancing.LEAST_REQUEST) "LEAST_REQUEST" else "ROUND_ROBIN")
        put("circuit_breakers", circuitBreakers(policy))
        put("typed_extension_protocol_options", if (upstream.tls) http1Or2 else http1)
        if (upstream.tls) put("transport_socket", tls(upstream, options.caFile))
        val reliability = model.reliability
        reliability.healthPath?.let { path ->
            val request = "http_health_check" to mapOf("host" to upstream.host, "path" to path)
            put("health_checks", listOf(check(reliability.healthInterval, reliability.healthTimeout) + request))
        }
        if (mayEject(model)) put("outlier_detection", outlierDetection(reliability))
        // One endpoint per cluster: an unfit one must answer 503 at once instead of being tried in panic.
        if (mayEject(model) || reliability.healthPath != null) {
            put("common_lb_config", mapOf("healthy_panic_threshold" to mapOf("value" to 0)))
        }
    }

/** A model's only upstream is never ejected, and never so many that the policy's share is passed. */
private fun mayEject(model: Model): Boolean =
    model.upstreams.size > 1 && model.upstreams.size * model.reliability.maxEjectedPercent >= 100

private fun outlierDetection(reliability: Reliability): Tree =
    mapOf(
        "consecutive_5xx" to reliability.consecutiveFailures,
        "consecutive_gateway_failure" to reliability.consecutiveFailures,
        "enforcing_consecutive_gateway_failure" to 100,
        "enforcing_success_rate" to 0,
        "base_ejection_time" to seconds(reliability.ejection),
        "max_ejection_time" to seconds(reliability.ejection.multipliedBy(10)),
        "max_ejection_percent" to 100,
    )

private fun endpoints(name: String, address: Address): Tree {
    val endpoint = mapOf("endpoint" to mapOf("address" to socketAddress(address.host, address.port)))
    return buildMap {
        put("name", name)
        if (isIpAddress(address.host)) {
            put("type", "STATIC")
        } else {
            put("type", "STRICT_DNS")
            put("dns_lookup_family", "ALL")
        }
        put("load_assignment", mapOf("cluster_name" to name, "endpoints" to listOf(mapOf("lb_endpoints" to listOf(endpoint)))))
    }
}

private fun isIpAddress(host: String): Boolean = ':' in host || host.all { it in '0'..'9' || it == '.' }

/** As many at once as the policy allows requests, and of these its share of retries; Envoy's own defaults are 1,024 and 3. */
private fun circuitBreakers(policy: Policy): Tree {
    val requests = policy.gateway.limits.concurrentRequestsMax
    val names = listOf("max_connections", "max_pending_requests", "max_requests")
    val retries = mapOf("budget_percent" to mapOf("value" to policy.gateway.forwarding.retryBudgetPercent))
    return mapOf("thresholds" to listOf(names.associateWith { requests } + ("retry_budget" to retries)))
}

private fun httpOptions(protocol: Pair<String, Any>): Tree = mapOf(HTTP_OPTIONS to typed(HTTP_OPTIONS, protocol))

private fun check(interval: Duration, timeout: Duration): Tree =
    mapOf(
        "timeout" to seconds(timeout),
        "interval" to seconds(interval),
        "no_traffic_interval" to seconds(interval),
        "unhealthy_threshold" to 2,
        "healthy_threshold" to 1,
    )

/** The certificate must be for the upstream's own name or address. */
private fun tls(upstream: Upstream, caFile: String): Tree {
    val address = isIpAddress(upstream.host)
    val validation =
        mapOf(
            "trusted_ca" to mapOf("filename" to caFile),
            "match_typed_subject_alt_names" to
                listOf(mapOf("san_type" to if (address) "IP_ADDRESS" else "DNS", "matcher" to mapOf("exact" to upstream.host))),
        )
    val name = if (address) emptyMap() else mapOf("sni" to upstream.host)
    val context = typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext") + name
    return named("envoy.transport_sockets.tls", context + ("common_tls_context" to mapOf("validation_context" to validation)))
}
