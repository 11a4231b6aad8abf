package routercluster.gateway.feedback

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.pipeline.internalError
import routercluster.policy.request.BadRequest
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/**
 * Where feedback comes in: from clients on [FEEDBACK], through both doors, and from operators' tools on [OUTCOMES]. 202 says that it
 * is durable; the same again gets the same answer and counts once.
 *
 * @param enter the policy's snapshot for a call, which releases it
 */
class FeedbackApi(private val desk: FeedbackDesk, private val enter: () -> Snapshot) {
    /** What clients may call. */
    fun addToDoor(server: ServerBuilder) {
        server
            .route()
            .post(FEEDBACK)
            .maxRequestLength(BODY_BYTES_MAX)
            .build { ctx, req -> HttpResponse.of(req.aggregate().thenCompose { fromClient(ctx, it) }) }
    }

    /** What operators may call. */
    fun addTo(server: ServerBuilder) {
        server
            .route()
            .post(OUTCOMES)
            .maxRequestLength(BODY_BYTES_MAX)
            .build { _, req -> HttpResponse.of(req.aggregate().thenCompose { sent(fromOperator(it.content().array(), it.headers())) }) }
    }

    private fun fromClient(ctx: ServiceRequestContext, request: AggregatedHttpRequest): CompletionStage<HttpResponse> {
        val snapshot = enter()
        val user =
            try {
                snapshot.edge.identity(request.headers(), ctx.remoteAddress().address).user
            } finally {
                snapshot.release()
            }
        return sent(fromClient(request.content().array(), request.headers(), user))
    }

    /** Never fails. [user] as a trusted proxy names them. */
    fun fromClient(body: ByteArray, headers: RequestHeaders, user: String?): CompletionStage<OwnAnswer> =
        answered(headers) { readFeedback(body, user, it) }

    private fun fromOperator(body: ByteArray, headers: RequestHeaders): CompletionStage<OwnAnswer> =
        answered(headers) { readOutcome(body, it) }

    private fun answered(headers: RequestHeaders, read: (idempotencyKey: String?) -> Statement): CompletionStage<OwnAnswer> {
        val reply: CompletionStage<FeedbackReply> =
            try {
                desk.take(read(idempotencyKey(headers)))
            } catch (bad: BadRequest) {
                CompletableFuture.failedFuture(bad)
            }
        return reply.handle { said, failure -> if (failure == null) answer(said) else refusal(errorOf(failure)) }
    }

    private fun idempotencyKey(headers: RequestHeaders): String? {
        val key = headers.get("idempotency-key") ?: return null
        if (key.length !in 1..KEY_LENGTH_MAX) {
            throw BadRequest(400, "invalid_value", "The header Idempotency-Key must have 1 to $KEY_LENGTH_MAX characters.")
        }
        return key
    }

    private fun errorOf(failure: Throwable): ApiError {
        val cause = (failure as? CompletionException)?.cause ?: failure
        return if (cause is BadRequest) ApiError(cause.status, cause.code, cause.message, cause.param) else internalError(cause)
    }

    private fun answer(reply: FeedbackReply): OwnAnswer =
        when (reply) {
            is FeedbackReply.Accepted -> {
                val body = JsonNodeFactory.instance
                    .objectNode()
                    .put("status", "accepted")
                    .put("repeated", reply.repeated)
                OwnAnswer(202, HttpHeaders.of("content-type", JSON), HttpData.ofUtf8(body.toString()))
            }

            is FeedbackReply.Refused -> {
                refusal(reply.error)
            }
        }

    private fun refusal(error: ApiError): OwnAnswer {
        val headers = HttpHeaders.builder().set("content-type", JSON)
        error.retryAfterSeconds?.let { headers.set("retry-after", it.toString()) }
        return OwnAnswer(error.status, headers.build(), ClientProtocol.OPENAI.body(error, ""))
    }

    private fun sent(answer: CompletionStage<OwnAnswer>): CompletionStage<HttpResponse> =
        answer.thenApply {
            HttpResponse.of(ResponseHeaders.builder(HttpStatus.valueOf(it.status)).add(it.headers).build(), it.body)
        }

    companion object {
        const val FEEDBACK = "/v1/feedback"
        const val OUTCOMES = "/v1/router/outcomes"
        const val BODY_BYTES_MAX = 64L * 1024
        private const val KEY_LENGTH_MAX = 256
        private const val JSON = "application/json; charset=utf-8"
    }
}
