package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.RequestHeadersBuilder
import io.netty.util.AsciiString
import routercluster.policy.models.Upstream
import routercluster.policy.plugins.Plugin
import routercluster.policy.plugins.outgoingHeaders

/**
 * The headers an upstream gets: the client's without what concerns this hop, without anything internal, with the decision's
 * header edits, this upstream's own headers and, last so that nothing can override it, its credential. A client's own
 * credentials are passed on only to an upstream that has none configured.
 *
 * @param hedge whether this attempt goes out beside one that is still silent
 * @param path to ask for, in OpenAI's form and with its query
 */
fun outgoingHeaders(
    journey: Journey,
    upstream: Upstream,
    plugins: List<Plugin>,
    model: String,
    hedge: Boolean,
    path: String = journey.headers.path(),
): RequestHeaders {
    val incoming = journey.headers
    val edge = journey.snapshot.edge
    val out = RequestHeaders.builder(incoming.method(), upstream.pathFor(path))
    for ((name, value) in incoming) {
        if (name.isEmpty() || name.byteAt(0) == ':'.code.toByte()) continue
        if (Edge.isPerHop(name) || edge.isInternal(name)) continue
        if (upstream.credential != null && name in clientCredentials) continue
        out.add(name, value)
    }
    mutate(out, plugins)
    upstream.headers.forEach { (name, value) -> out.set(name, value) }
    out.set("x-request-id", journey.id)
    out.set("x-selected-model", model)
    val span = journey.span.attempt(journey.begun.size + 1, model, upstream.id, upstream.provider, hedge)
    journey.began(BegunAttempt(model, upstream, span, System.nanoTime(), hedge))
    span.headers.traceparent?.let { out.set("traceparent", it) }
    span.headers.tracestate?.let { out.set("tracestate", it) }
    upstream.credential?.let { out.set(it.header, it.prefix + it.secret.reveal()) }
    return out.build()
}

/** What carries a client's own rights, by the habits of browsers and of providers. */
private val clientCredentials =
    setOf(HttpHeaderNames.AUTHORIZATION, HttpHeaderNames.COOKIE) + listOf("x-api-key", "api-key", "x-goog-api-key").map(AsciiString::of)

private fun mutate(headers: RequestHeadersBuilder, plugins: List<Plugin>) {
    if (plugins.none { it is Plugin.HeaderMutation }) return
    val before = headers.filterNot { (name, _) -> name.startsWith(":") }.map { (name, value) -> name.toString() to value }
    before.forEach { (name, _) -> headers.remove(name) }
    outgoingHeaders(before, plugins).forEach { (name, value) -> headers.add(name.lowercase(), value) }
}
