package routercluster.gateway.pipeline

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpHeadersBuilder
import routercluster.gateway.limits.addLimits
import routercluster.gateway.limits.limitCodes

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

        /** The fixed text of [route], whole or as a stream. */
        fun fixed(journey: Journey, route: Route.Answer, nowSeconds: Long): OwnAnswer {
            val headers = headers(if (route.stream) "text/event-stream" else JSON)
            headers.addDecision(journey, route.plan, ResponsePath.FAST_RESPONSE)
            headers.addLimits(journey.limits)
            val body = fixedAnswer(journey.id, route.plan.asked.written, nowSeconds, route.message, route.stream)
            return OwnAnswer(200, headers.build(), body)
        }

        /** A list of models that was asked for. */
        fun models(journey: Journey, body: HttpData) = OwnAnswer(200, headers(JSON).set("x-request-id", journey.id).build(), body)

        fun nothingAt(path: String) = ApiError(404, "unknown_path", "There is no GET $path; see GET /v1/models")

        private fun headers(contentType: String): HttpHeadersBuilder = HttpHeaders.builder().set("content-type", contentType)

        private const val JSON = "application/json; charset=utf-8"
    }
}
