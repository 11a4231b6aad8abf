package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.RequestHeaders
import routercluster.policy.models.Credential
import routercluster.policy.models.Model
import routercluster.policy.models.Reliability
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream

internal fun upstream(id: String, port: Int, weight: Int = 1) =
    Upstream(id, tls = false, host = "127.0.0.1", port = port, model = "served-$id", weight = weight)

internal fun modelOf(name: String, vararg upstreams: Upstream, reliability: Reliability = Reliability()) =
    Model(name, upstreams.toList(), reliability = reliability)

/** An exchange that asks every upstream as the doors would. */
internal fun exchange(vararg models: Model, seconds: Long = 60, hedging: Boolean = true, now: Long = System.nanoTime()) =
    Exchange("x", HttpMethod.POST, models.map(::target), now + seconds * 1_000_000_000, hedging)

private fun target(model: Model) = Target(model) { upstream, _ -> requestTo(upstream) }

internal fun requestTo(upstream: Upstream): OutgoingRequest {
    val headers = RequestHeaders.builder(HttpMethod.POST, upstream.pathFor(Upstream.CHAT_COMPLETIONS))
    headers.authority("gateway.example")
    upstream.headers.forEach { (name, value) -> headers.set(name, value) }
    upstream.credential?.let { headers.set(it.header, it.prefix + it.secret.reveal()) }
    return OutgoingRequest(headers.build(), HttpData.ofUtf8("""{"model":"${upstream.model}"}"""))
}

internal fun keyed(id: String, port: Int, key: String) =
    Upstream(
        id,
        tls = false,
        host = "localhost",
        port = port,
        basePath = "/base-$key",
        query = "version=1",
        model = "served-$id",
        credential = Credential("authorization", "Bearer ", Secret(key)),
        headers = mapOf("x-team" to key),
    )

/** `a/1 500 SERVER_ERROR, a/2 200`, with `hedge` and `cancelled` where they apply. */
internal fun List<Attempt>.told(): String =
    joinToString {
        listOfNotNull(it.upstream, it.status, it.failure, "hedge".takeIf { _ -> it.hedge }, "cancelled".takeIf { _ -> it.cancelled })
            .joinToString(" ")
    }
