package routercluster.gateway.http

import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.common.ResponseHeadersBuilder
import routercluster.gateway.limits.addLimits
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.ResponsePath
import routercluster.gateway.pipeline.Route
import routercluster.gateway.pipeline.UPSTREAM_REQUEST_ID
import routercluster.gateway.pipeline.addDecision
import routercluster.gateway.pipeline.upstreamRequestId
import routercluster.gateway.upstream.Reply

/** The head of an upstream's answer as the client gets it: without what concerns that hop, with ours. */
internal fun servedHeaders(journey: Journey, route: Route.Forward, reply: Reply.Served): ResponseHeadersBuilder {
    val headers = reply.headers.toBuilder()
    HOP_HEADERS.forEach(headers::remove)
    upstreamRequestId(reply.headers.get("x-request-id"), journey.id)?.let { headers.set(UPSTREAM_REQUEST_ID, it) }
    headers.addDecision(journey, route.plan, ResponsePath.UPSTREAM, reply.model.name)
    headers.addLimits(journey.limits)
    headers.set("x-router-attempt", reply.attempt.toString())
    headers.set("x-router-upstream", reply.upstream.id)
    if (reply.headers.status().code() in RETRIED_STATUSES) headers.set("x-should-retry", "false")
    return headers
}

internal fun OwnAnswer.toHttp(): HttpResponse =
    HttpResponse.of(ResponseHeaders.builder(HttpStatus.valueOf(status)).add(headers).build(), body)

private val HOP_HEADERS =
    listOf("connection", "keep-alive", "transfer-encoding", "proxy-authenticate", "trailer", "upgrade", "date", "server")
private val RETRIED_STATUSES = setOf(408, 409, 429) + (500..599)
