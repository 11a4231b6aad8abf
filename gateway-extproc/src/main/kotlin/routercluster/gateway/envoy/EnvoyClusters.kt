package routercluster.gateway.envoy

import routercluster.gateway.pipeline.DoorPlan
import routercluster.policy.Policy
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Model
import routercluster.policy.models.Upstream
import java.time.Duration

/** The cluster of our ext_proc port. */
internal const val ROUTER_CLUSTER = "routercluster"

private const val HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
private const val EXT_PROC_SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"

/** Less than the time for which a node of a cluster still takes requests when it leaves. */
private val routerCheckInterval = Duration.ofSeconds(2)
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
            ) + routerTls(policy, options)
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
        if (upstream.tls) put("transport_socket", upstreamTls(upstream.host, options.caFile))
        val reliability = model.reliability
        reliability.healthPath?.let { path ->
            val request = "http_health_check" to mapOf("host" to upstream.host, "path" to path)
            put("health_checks", listOf(check(reliability.healthInterval, reliability.healthTimeout) + request))
        }
        // One endpoint per cluster: an unfit one must answer 503 at once instead of being tried in panic. Ejecting is the router's.
        if (reliability.healthPath != null) put("common_lb_config", mapOf("healthy_panic_threshold" to mapOf("value" to 0)))
    }

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
