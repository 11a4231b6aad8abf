package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpHeadersBuilder
import routercluster.gateway.cache.CachedNote
import routercluster.gateway.limits.addLimits
import routercluster.gateway.limits.limitCodes
import java.util.Locale

/** An answer that no upstream gave: the same through both doors. */
class OwnAnswer(val status: Int, val headers: HttpHeaders, val body: HttpData) {
    companion object {
        /** [error] in the client's error shape; [route] is there where one was found before it was refused. */
        fun refusal(journey: Journey, error: ApiError, route: Route?): OwnAnswer {
            val path =
                when {
                    error.status == 403 -> ResponsePath.BLOCKED
                    error.code in limitCodes -> ResponsePath.RATE_LIMITED
                    else -> ResponsePath.ERROR
                }
            val headers = headers(JSON)
            headers.addDecision(journey, route?.plan, path)
            headers.addLimits(journey.limits)
            error.retryAfterSeconds?.let { headers.set("retry-after", it.toString()) }
            if (!error.retryable) headers.set("x-should-retry", "false")
            return OwnAnswer(error.status, headers.build(), journey.protocol.body(error, journey.id))
        }

        /** The text of [route], whole or as a stream. */
        fun fixed(journey: Journey, route: Route.Answer, nowSeconds: Long): OwnAnswer {
            val cached = route.cached
            val headers = headers(if (route.stream) "text/event-stream" else JSON)
            val path = if (cached == null) ResponsePath.FAST_RESPONSE else ResponsePath.CACHE
            headers.addDecision(journey, route.plan, path, cached?.kept?.model)
            if (cached != null) headers.addCached(cached)
            headers.addLimits(journey.limits)
            val answer = OwnText(
                journey.id,
                cached?.kept?.answer?.model ?: cached?.kept?.model ?: route.plan.asked.written,
                nowSeconds,
                route.message,
                cached?.kept?.answer?.promptTokens ?: 0,
                cached?.kept?.answer?.completionTokens ?: 0,
            )
            return OwnAnswer(200, headers.build(), if (route.stream) answer.events(cached?.showsUsage == true) else answer.whole())
        }

        private fun HttpHeadersBuilder.addCached(cached: CachedNote) {
            set("x-vsr-cache-hit", "true")
            set("x-vsr-cache-kind", cached.kind.label)
            set("age", cached.age.toSeconds().toString())
            if (cached.isStale) set("x-vsr-cache-stale", "true")
            cached.similarity?.let { set("x-vsr-cache-similarity", String.format(Locale.ROOT, "%.4f", it)) }
            cached.risk?.let { set("x-vsr-cache-risk", String.format(Locale.ROOT, "%.4f", it)) }
        }

        /** A list of models that was asked for. */
        fun models(journey: Journey, body: HttpData) = OwnAnswer(200, headers(JSON).set("x-request-id", journey.id).build(), body)

        fun nothingAt(path: String) = ApiError(404, "unknown_path", "There is no GET $path; see GET /v1/models")

        private fun headers(contentType: String): HttpHeadersBuilder = HttpHeaders.builder().set("content-type", contentType)

        private const val JSON = "application/json; charset=utf-8"
    }
}
