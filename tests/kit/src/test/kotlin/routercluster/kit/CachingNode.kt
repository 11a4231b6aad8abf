package routercluster.kit

import routercluster.gateway.GatewayConfig
import routercluster.gateway.cache.CacheParts
import routercluster.gateway.gateway
import routercluster.policy.config.loadPolicy
import routercluster.telemetry.Events
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.concurrent.CompletableFuture

/** A gateway that gives answers again to requests with the word faq, and has that in common with others. */
internal class CachingNode(modelPort: Int, cacheParts: CacheParts, events: Events = Events.NONE) : AutoCloseable {
    private val gateway = gateway(
        GatewayConfig(
            loadPolicy(POLICY, "policy.yaml", mapOf("PORT" to "$modelPort")::get),
            port = 0,
            extProcPort = 0,
            adminPort = 0,
            version = "test",
            replaySecret = { ByteArray(SECRET_BYTES) { it.toByte() } },
            cacheParts = cacheParts,
            events = events,
        ),
    )

    fun begin(prompt: String, tenant: String = "acme"): CompletableFuture<HttpResponse<String>> {
        val request = HttpRequest
            .newBuilder(URI("http://127.0.0.1:${gateway.port}/v1/chat/completions"))
            .header("content-type", "application/json")
            .header("x-authz-tenant-id", tenant)
            .POST(HttpRequest.BodyPublishers.ofString("""{"model":"auto","messages":[{"role":"user","content":"$prompt"}]}"""))
            .build()
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
    }

    override fun close() = gateway.close()

    private companion object {
        const val SECRET_BYTES = 32
        val client: HttpClient = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
        val POLICY =
            """
            version: v0.3
            providers:
              defaults: {default_model: small}
              models: [{name: small, backend_refs: [{endpoint: "127.0.0.1:${'$'}{PORT}"}]}]
            routing:
              signals: {keywords: [{name: faq, operator: OR, keywords: [faq]}]}
              decisions:
                - name: faq
                  rules: {type: keyword, name: faq}
                  modelRefs: [{model: small}]
                  plugins: [{type: response_cache, configuration: {mode: exact, scope: tenant}}]
            global: {stores: {response_cache: {single_flight_wait: 30s}}}
            gateway: {trusted_peers: [127.0.0.1]}
            """.trimIndent()
    }
}

internal fun HttpResponse<String>.isHit(): Boolean = headers().firstValue("x-vsr-cache-kind").isPresent
