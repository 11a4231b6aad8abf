package routercluster.gateway.http

import com.linecorp.armeria.common.AggregatedHttpResponse
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.common.stream.ClosedStreamException
import com.linecorp.armeria.server.ServerErrorHandler
import com.linecorp.armeria.server.ServiceConfig
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.internalError
import routercluster.policy.request.BadRequest
import java.util.concurrent.CancellationException

/** A body that was not read to its end. */
internal fun bodyTooLarge(bytesMax: Long) = BadRequest(413, "body_too_large", "The request body exceeds $bytesMax bytes")

/** Gives what fails before or outside [HttpDoor] the same error shape as everything else. */
internal object EdgeErrors : ServerErrorHandler {
    private val CLIENT_LEFT = ApiError(400, "client_left", "The connection was closed before the answer")

    override fun onServiceException(ctx: ServiceRequestContext, cause: Throwable): HttpResponse? {
        val causes = generateSequence(cause) { it.cause }
        val error =
            when {
                causes.any { it is ContentTooLargeException } -> {
                    bodyTooLarge(ctx.maxRequestLength()).let { ApiError(it.status, it.code, it.message) }
                }

                // Nobody is left to read the answer, and nothing of ours failed.
                causes.any { it is ClosedStreamException || it is CancellationException } -> {
                    CLIENT_LEFT
                }

                else -> {
                    internalError(cause)
                }
            }
        val headers = ResponseHeaders.builder(HttpStatus.valueOf(error.status)).contentType(MediaType.JSON_UTF_8).build()
        return HttpResponse.of(headers, ClientProtocol.of(ctx.path()).body(error, ctx.id().text()))
    }

    override fun onProtocolViolation(
        config: ServiceConfig,
        headers: RequestHeaders?,
        status: HttpStatus,
        description: String?,
        cause: Throwable?,
    ): AggregatedHttpResponse {
        val code =
            when (status.code()) {
                405 -> "method_not_allowed"
                413 -> "body_too_large"
                414 -> "uri_too_long"
                431 -> "headers_too_large"
                else -> "bad_http"
            }
        return rendered(headers, status, code, description)
    }

    override fun renderStatus(
        ctx: ServiceRequestContext?,
        config: ServiceConfig,
        headers: RequestHeaders?,
        status: HttpStatus,
        description: String?,
        cause: Throwable?,
    ): AggregatedHttpResponse {
        val code =
            when (status.code()) {
                404 -> "unknown_path"
                405 -> "method_not_allowed"
                503 -> "draining"
                else -> "http_${status.code()}"
            }
        return rendered(headers, status, code, description)
    }

    private fun rendered(headers: RequestHeaders?, status: HttpStatus, code: String, description: String?): AggregatedHttpResponse =
        AggregatedHttpResponse.of(
            ResponseHeaders.builder(status).contentType(MediaType.JSON_UTF_8).build(),
            ClientProtocol.of(headers?.path().orEmpty()).body(ApiError(status.code(), code, description ?: status.reasonPhrase()), ""),
        )
}
