package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.HttpService
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.await
import kotlinx.coroutines.future.future
import kotlinx.coroutines.time.withTimeoutOrNull
import routercluster.gateway.admin.only
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.http.Admission
import routercluster.gateway.http.bodyTooLarge
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.pipeline.internalError
import routercluster.policy.classify.MissingHead
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.request.BadRequest
import java.time.Duration

/**
 * Texts classified, embedded and compared for whoever asks, by the encoders and thresholds of the policy in force: what routing would
 * find. For operators' eyes, so on their port. `openapi.json` describes it, with what else of that port is asked by programs.
 *
 * @param enter the policy's snapshot for a call, which releases it
 * @param timeout of one call, opening encoders included
 */
class ClassificationApi(
    private val enter: () -> Snapshot,
    private val pool: EncoderPool,
    private val timeout: Duration = Duration.ofSeconds(30),
) {
    private val encoders = ApiEncoders(pool)
    private val admission = Admission()

    fun addTo(server: ServerBuilder) {
        (classifyEndpoints + vectorEndpoints).forEach { (path, endpoint) ->
            server.add(HttpMethod.POST, path) { ctx, req -> serve(ctx, req, endpoint) }
        }
        server.add(HttpMethod.GET, "/info/models") { _, _ -> json(HttpStatus.OK, info()) }
        server.add(HttpMethod.GET, "/openapi.json") { _, _ -> HttpResponse.of(HttpStatus.OK, MediaType.JSON_UTF_8, document) }
    }

    private fun ServerBuilder.add(method: HttpMethod, path: String, service: HttpService) {
        route()
            .path(path)
            .maxRequestLength(ApiLimits.BODY_BYTES_MAX)
            .requestTimeout(timeout.plus(ANSWER_GRACE))
            .build(only(method, service))
    }

    private fun info(): ObjectNode {
        val snapshot = enter()
        return try {
            encoderInfo(snapshot.policy, pool.status())
        } finally {
            snapshot.release()
        }
    }

    private fun serve(ctx: ServiceRequestContext, req: HttpRequest, endpoint: Endpoint): HttpResponse {
        admission.enter(ApiLimits.CALLS_MAX)?.let { return refusal(it) }
        // Opening encoders blocks, and long texts take a while to be cut and to be shown.
        val scope = CoroutineScope(ctx.blockingTaskExecutor().withoutContext().asCoroutineDispatcher())
        val answer = scope.future { answer(ctx, req, endpoint) }
        val response = HttpResponse.of(answer)
        response.whenComplete().handle { _, failure ->
            admission.leave()
            if (failure != null) answer.cancel(true)
        }
        return response
    }

    private suspend fun answer(ctx: ServiceRequestContext, req: HttpRequest, endpoint: Endpoint): HttpResponse =
        try {
            val bytes = read(req)
            withTimeoutOrNull(timeout) { answer(ctx, bytes, endpoint) } ?: refusal(TIMED_OUT)
        } catch (bad: BadRequest) {
            refusal(ApiError(bad.status, bad.code, bad.message, bad.param))
        } catch (missing: MissingHead) {
            refusal(ApiError(404, "head_not_found", "${missing.message}"))
        } catch (failure: EncodeFailure) {
            refusal(errorOf(failure))
        } catch (left: CancellationException) {
            throw left
        } catch (failure: Exception) {
            refusal(internalError(failure))
        }

    private suspend fun answer(ctx: ServiceRequestContext, bytes: ByteArray, endpoint: Endpoint): HttpResponse {
        val snapshot = enter()
        try {
            snapshot.starting?.let { return refusal(it) }
            val loop = ctx.eventLoop().withoutContext()
            return ApiCall(ApiBody.of(bytes), snapshot, encoders::lease, loop, timeout).use { json(HttpStatus.OK, endpoint(it)) }
        } finally {
            snapshot.release()
        }
    }

    private suspend fun read(req: HttpRequest): ByteArray {
        val type = req.contentType()
        if (type == null || !type.isJson) throw BadRequest(415, "unsupported_content_type", "Content-Type must be application/json")
        return try {
            req
                .aggregate()
                .await()
                .content()
                .array()
        } catch (_: ContentTooLargeException) {
            throw bodyTooLarge(ApiLimits.BODY_BYTES_MAX)
        }
    }

    private fun errorOf(failure: EncodeFailure): ApiError =
        when (failure) {
            is EncodeFailure.Overloaded -> ApiError(429, "overloaded", "${failure.message}", retryAfterSeconds = 1)
            is EncodeFailure.TimedOut -> TIMED_OUT
            is EncodeFailure.Unavailable -> ApiError(503, "encoder_unavailable", "${failure.message}", retryAfterSeconds = 1)
            is EncodeFailure.Refused -> ApiError(422, "encoder_refused", "${failure.message}")
        }

    private fun refusal(error: ApiError): HttpResponse {
        val headers = ResponseHeaders.builder(HttpStatus.valueOf(error.status)).contentType(MediaType.JSON_UTF_8)
        error.retryAfterSeconds?.let { headers.set("retry-after", "$it") }
        return HttpResponse.of(headers.build(), ClientProtocol.OPENAI.body(error, ""))
    }

    private fun json(status: HttpStatus, body: ObjectNode): HttpResponse = HttpResponse.of(status, MediaType.JSON_UTF_8, body.toString())

    private companion object {
        val ANSWER_GRACE: Duration = Duration.ofSeconds(5)
        val TIMED_OUT = ApiError(504, "encoder_timeout", "The encoders gave no answer in time", retryAfterSeconds = 1)
        val document: HttpData =
            HttpData.wrap(
                checkNotNull(ClassificationApi::class.java.getResource("/openapi.json")) { "openapi.json is missing" }.readBytes(),
            )
    }
}
