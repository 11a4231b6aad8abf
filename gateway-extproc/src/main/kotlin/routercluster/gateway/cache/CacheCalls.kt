package routercluster.gateway.cache

import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.HttpService
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.admin.only
import routercluster.gateway.classify.ApiBody
import routercluster.gateway.classify.ApiLimits
import routercluster.gateway.http.bodyTooLarge
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.internalError
import routercluster.policy.cache.LedgerFailure
import routercluster.policy.request.BadRequest
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.VectorFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/** How calls of the cache's API are taken and refused. */
internal object CacheCalls {
    private const val PATH = "/api/v1/cache"

    /** Longer than the ledger waits for its store. */
    private val TIMEOUT: Duration = Duration.ofSeconds(30)

    fun add(
        server: ServerBuilder,
        method: HttpMethod,
        name: String,
        answer: (ServiceRequestContext, HttpRequest) -> CompletionStage<HttpResponse>,
    ) {
        val service = HttpService { ctx, req ->
            val answered =
                try {
                    answer(ctx, req)
                } catch (bad: BadRequest) {
                    CompletableFuture.failedStage(bad)
                } catch (away: LedgerFailure) {
                    CompletableFuture.failedStage(away)
                }
            HttpResponse.of(answered.exceptionally { refusal(errorOf(it)) })
        }
        server
            .route()
            .path("$PATH/$name")
            .maxRequestLength(ApiLimits.BODY_BYTES_MAX)
            .requestTimeout(TIMEOUT)
            .build(only(method, service))
    }

    /** Texts are for callers of this machine. */
    fun requireLocal(ctx: ServiceRequestContext) {
        if (!ctx.remoteAddress().address.isLoopbackAddress) throw NOT_FROM_HERE
    }

    fun body(req: HttpRequest): CompletionStage<ApiBody> {
        if (req.contentType()?.isJson != true) throw BadRequest(415, "unsupported_content_type", "Content-Type must be application/json")
        return req.aggregate().thenApply { ApiBody.of(it.content().array()) }
    }

    private fun errorOf(failure: Throwable): ApiError =
        when (val cause = generateSequence(failure) { it.cause.takeIf { _ -> it is CompletionException } }.last()) {
            is BadRequest -> {
                ApiError(cause.status, cause.code, cause.message, cause.param)
            }

            is ContentTooLargeException -> {
                errorOf(bodyTooLarge(ApiLimits.BODY_BYTES_MAX))
            }

            is LedgerFailure.Full -> {
                ApiError(409, "too_many_invalidations", "${cause.message}")
            }

            is LedgerFailure.Unavailable -> {
                ApiError(503, "ledger_unavailable", "It is not known to be kept: ${cause.message}", retryAfterSeconds = 1)
            }

            is VectorFailure -> {
                errorOf(cause)
            }

            else -> {
                internalError(cause)
            }
        }

    private fun errorOf(failure: VectorFailure): ApiError =
        if (failure is VectorFailure.Refused && failure.refusal == Refusal.CURSOR) {
            ApiError(422, "invalid_value", "`after` must be what the page before has as its next.", "after")
        } else {
            ApiError(503, "store_unavailable", "${failure.message}", retryAfterSeconds = 1)
        }

    private fun refusal(error: ApiError): HttpResponse {
        val headers = ResponseHeaders.builder(HttpStatus.valueOf(error.status)).contentType(MediaType.JSON_UTF_8)
        error.retryAfterSeconds?.let { headers.set("retry-after", "$it") }
        return HttpResponse.of(headers.build(), ClientProtocol.OPENAI.body(error, ""))
    }

    fun json(status: HttpStatus, body: ObjectNode): HttpResponse = HttpResponse.of(
        status,
        MediaType.JSON_UTF_8,
        body.toPrettyString(),
    )

    private val NOT_FROM_HERE =
        BadRequest(403, "only_from_this_machine", "Texts are shown to callers of this machine alone: this port knows no operators.")
}
