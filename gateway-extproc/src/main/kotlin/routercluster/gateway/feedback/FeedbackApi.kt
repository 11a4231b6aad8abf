package routercluster.gateway.feedback

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaders
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.ServiceRequestContext
import routercluster.gateway.http.bodyTooLarge
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.pipeline.internalError
import routercluster.policy.outcomes.StatementIntake
import routercluster.policy.outcomes.Taken
import routercluster.policy.request.BadRequest
import routercluster.telemetry.Events
import routercluster.telemetry.RouterEvent
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger

/**
 * Where feedback comes in: from clients on [FEEDBACK], through both doors, and from operators' tools on [OUTCOMES]. 202 says that it
 * is durable; the same again gets the same answer and counts once. A body of type `application/x-ndjson` has many statements, one a line,
 * and its answer a line for each.
 *
 * @param enter the policy's snapshot for a call, which releases it
 */
class FeedbackApi(
    private val desk: FeedbackDesk,
    private val events: Events,
    private val enter: () -> Snapshot,
) : StatementIntake {
    private val bulkCalls = AtomicInteger()

    /** What clients may call. */
    fun addToDoor(server: ServerBuilder) {
        server
            .route()
            .post(FEEDBACK)
            .maxRequestLength(BulkLimits.BODY_BYTES_MAX)
            .requestTimeout(TIMEOUT)
            .build { ctx, req -> received(ctx, req) { fromClient(ctx, it) } }
    }

    /** What operators may call. */
    fun addTo(server: ServerBuilder) {
        server
            .route()
            .post(OUTCOMES)
            .maxRequestLength(BulkLimits.BODY_BYTES_MAX)
            .requestTimeout(TIMEOUT)
            .build { ctx, req -> received(ctx, req) { sent(fromOperator(it.content().array(), it.headers())) } }
    }

    /** Reads the body, of which a few at a time may be long. */
    private fun received(
        ctx: ServiceRequestContext,
        request: HttpRequest,
        answer: (AggregatedHttpRequest) -> CompletionStage<HttpResponse>,
    ): HttpResponse {
        if (!isBulk(request.headers())) {
            ctx.setMaxRequestLength(BulkLimits.LINE_BYTES_MAX.toLong())
            return HttpResponse.of(request.aggregate().thenCompose(answer))
        }
        if (bulkCalls.incrementAndGet() > BulkLimits.CALLS_MAX) {
            bulkCalls.decrementAndGet()
            return HttpResponse.of(sent(CompletableFuture.completedStage(refusal(BUSY))))
        }
        return HttpResponse.of(request.aggregate().thenCompose(answer).whenComplete { _, _ -> bulkCalls.decrementAndGet() })
    }

    private fun isBulk(headers: RequestHeaders) = headers.contentType()?.belongsTo(NDJSON) == true

    private fun fromClient(ctx: ServiceRequestContext, request: AggregatedHttpRequest): CompletionStage<HttpResponse> {
        val snapshot = enter()
        val caller =
            try {
                Caller.of(snapshot, request.headers(), ctx.remoteAddress().address)
            } finally {
                snapshot.release()
            }
        return sent(fromClient(request.content().array(), request.headers(), caller))
    }

    /** Never fails. */
    fun fromClient(body: ByteArray, headers: RequestHeaders, caller: Caller): CompletionStage<OwnAnswer> =
        answered(body, headers) { bytes, key -> readFeedback(bytes, caller, key) }

    override fun take(line: ByteArray): CompletionStage<Taken> =
        taken(line, null, ::readOutcome).thenApply { reply ->
            when (reply) {
                is FeedbackReply.Accepted -> Taken.KEPT
                is FeedbackReply.Refused -> if (reply.error.status == UNAVAILABLE) Taken.AWAY else Taken.REFUSED
            }
        }

    private fun fromOperator(body: ByteArray, headers: RequestHeaders): CompletionStage<OwnAnswer> =
        answered(body, headers, ::readOutcome)

    private fun answered(
        body: ByteArray,
        headers: RequestHeaders,
        read: (body: ByteArray, idempotencyKey: String?) -> Statement,
    ): CompletionStage<OwnAnswer> =
        try {
            val key = idempotencyKey(headers)
            if (isBulk(headers)) {
                answerLines(feedbackLines(body)) { taken(it, key, read) }.thenApply(::lines)
            } else {
                taken(body, key, read).thenApply(::answer)
            }
        } catch (bad: BadRequest) {
            CompletableFuture.completedFuture(refusal(errorOf(bad)))
        }

    /** Never fails. */
    private fun taken(
        bytes: ByteArray,
        key: String?,
        read: (body: ByteArray, idempotencyKey: String?) -> Statement,
    ): CompletionStage<FeedbackReply> {
        val reply: CompletionStage<FeedbackReply> =
            try {
                if (bytes.size > BulkLimits.LINE_BYTES_MAX) throw bodyTooLarge(BulkLimits.LINE_BYTES_MAX.toLong())
                desk.take(read(bytes, key))
            } catch (bad: BadRequest) {
                CompletableFuture.failedFuture(bad)
            }
        return reply
            .exceptionally { FeedbackReply.Refused(errorOf(it)) }
            .thenApply { said -> said.also { events.publish(RouterEvent.Judged(it.outcome)) } }
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

    private fun lines(text: String) = OwnAnswer(200, HttpHeaders.of("content-type", "$NDJSON"), HttpData.ofUtf8(text))

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
        private const val KEY_LENGTH_MAX = 256
        private const val UNAVAILABLE = 503
        private val NDJSON = MediaType.create("application", "x-ndjson")

        private val BUSY = ApiError(503, "too_many_bulk_calls", "Other bodies of many lines are being read", retryAfterSeconds = 1)

        /** Longer than all lines of a body take to become durable. */
        private val TIMEOUT = Duration.ofSeconds(30)
        private const val JSON = "application/json; charset=utf-8"
    }
}
