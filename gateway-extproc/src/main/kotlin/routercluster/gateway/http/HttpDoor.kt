package routercluster.gateway.http

import com.linecorp.armeria.common.ClosedSessionException
import com.linecorp.armeria.common.ContentTooLargeException
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.logging.RequestLogProperty
import com.linecorp.armeria.common.stream.ClosedStreamException
import com.linecorp.armeria.common.stream.StreamMessage
import com.linecorp.armeria.server.HttpService
import com.linecorp.armeria.server.RequestTimeoutException
import com.linecorp.armeria.server.ServiceRequestContext
import io.netty.channel.ChannelFutureListener
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.await
import kotlinx.coroutines.future.future
import kotlinx.coroutines.withContext
import routercluster.gateway.pipeline.Account
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.AnswerHead
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ClientProtocol
import routercluster.gateway.pipeline.Journey
import routercluster.gateway.pipeline.OwnAnswer
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.Route
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.pipeline.internalError
import routercluster.gateway.responses.ResponsesApi
import routercluster.gateway.responses.ResponsesCall
import routercluster.gateway.upstream.Exchange
import routercluster.gateway.upstream.Reply
import routercluster.gateway.upstream.UpstreamStreamFailure
import routercluster.policy.GatewaySettings
import routercluster.policy.request.BadRequest
import routercluster.telemetry.AnswerPath
import java.time.Clock
import java.time.Duration

/**
 * The built-in door: OpenAI's API over HTTP/1.1 and HTTP/2. Does the I/O around [Pipeline]: collects the request's body,
 * forwards, streams the answer back, and says what happened to [Accounts].
 */
class HttpDoor(
    private val snapshot: () -> Snapshot,
    private val pipeline: Pipeline,
    private val accounts: Accounts,
    private val admission: Admission,
    private val clock: Clock,
    private val responses: ResponsesApi? = null,
) : HttpService {
    override fun serve(ctx: ServiceRequestContext, req: HttpRequest): HttpResponse {
        val startNanos = System.nanoTime()
        val now = snapshot()
        if (admission.isLeaving) ctx.initiateConnectionShutdown()
        ctx.keepTo(now.policy.gateway)
        val headers = if (responses == null) req.headers() else responses.routedHeaders(req.headers())
        val journey = pipeline.begin(now, headers, ctx.remoteAddress().address, startNanos)
        val account = accounts.open(journey)
        val shut = now.starting ?: admission.enter(now.policy.gateway.limits.concurrentRequestsMax)
        if (shut != null) return refuse(journey, account, shut, null)
        val hold = admission.bodies.hold(now.policy.gateway.limits.bodyBytesInFlightMax)
        val scope = CoroutineScope(ctx.eventLoop().withoutContext().asCoroutineDispatcher())
        val answer = scope.future(start = CoroutineStart.UNDISPATCHED) { answer(ctx, req, journey, account, hold) }
        val response = HttpResponse.of(answer)
        val watch = abortWhenLeft(ctx, response)
        response.whenComplete().handle { _, failure ->
            watch.close()
            if (failure != null) answer.cancel(true)
        }
        // Later than the response's own completion: its last bytes are on the wire.
        ctx.log().whenAvailable(RequestLogProperty.RESPONSE_END_TIME).thenAccept { log ->
            hold.close()
            admission.leave()
            account.end(log.responseCause()?.let(::endCode))
        }
        return response
    }

    /** Armeria itself lets a second pass after a client of HTTP/1 has left, in which a model would go on working. */
    private fun abortWhenLeft(ctx: ServiceRequestContext, response: HttpResponse): AutoCloseable {
        val closed = ctx
            .log()
            .ensureAvailable(RequestLogProperty.SESSION)
            .channel()
            ?.closeFuture() ?: return AutoCloseable { }
        val left = ChannelFutureListener { response.abort(ClosedSessionException.get()) }
        closed.addListener(left)
        return AutoCloseable { closed.removeListener(left) }
    }

    private suspend fun answer(
        ctx: ServiceRequestContext,
        req: HttpRequest,
        journey: Journey,
        account: Account,
        hold: BodyHold,
    ): HttpResponse =
        try {
            pipeline.check(journey)
            when {
                responses != null && responses.serves(req.path()) -> {
                    responses.answer(ResponsesCall(ctx, req.headers(), journey, account, read(ctx, req, hold)))
                }

                req.method() == HttpMethod.GET -> {
                    modelsOrNothing(journey, account)
                }

                else -> {
                    routed(ctx, journey, account, read(ctx, req, hold))
                }
            }
        } catch (_: BodiesFull) {
            refuse(journey, account, hold.refusal, null)
        } catch (bad: BadRequest) {
            refuse(journey, account, ApiError(bad.status, bad.code, bad.message, bad.param), null)
        } catch (left: CancellationException) {
            throw left
        } catch (failure: Exception) {
            refuse(journey, account, internalError(failure), null)
        }

    private suspend fun read(ctx: ServiceRequestContext, req: HttpRequest, hold: BodyHold): ByteArray =
        try {
            req
                .peekData { if (!hold.add(it.length())) throw BodiesFull() }
                .aggregate()
                .await()
                .content()
                .array()
        } catch (left: CancellationException) {
            throw left
        } catch (full: BodiesFull) {
            throw full
        } catch (_: ContentTooLargeException) {
            throw bodyTooLarge(ctx.maxRequestLength())
        } catch (_: Exception) {
            throw BadRequest(400, "body_unreadable", "The request body broke off")
        }

    private suspend fun routed(ctx: ServiceRequestContext, journey: Journey, account: Account, body: ByteArray): HttpResponse {
        val readNanos = System.nanoTime()
        val loop = ctx.eventLoop().withoutContext()
        val routing =
            if (body.size <= EVENT_LOOP_BODY_BYTES_MAX) {
                pipeline.route(journey, body, loop)
            } else {
                withContext(ctx.blockingTaskExecutor().withoutContext().asCoroutineDispatcher()) { pipeline.route(journey, body, loop) }
            }
        val route = routing.await()
        account.routed(route, System.nanoTime() - readNanos)
        return when (route) {
            is Route.Refuse -> refuse(journey, account, route.error, route)
            is Route.Answer -> fixed(journey, account, route)
            is Route.Forward -> forward(ctx, journey, account, route)
        }
    }

    private suspend fun forward(ctx: ServiceRequestContext, journey: Journey, account: Account, route: Route.Forward): HttpResponse {
        val settings = journey.snapshot.policy.gateway.forwarding
        val deadline = journey.startNanos + settings.totalTimeout.toNanos()
        val exchange = Exchange(journey.id, ctx.method(), route.targets, deadline, hedging = journey.operation == "chat")
        return when (val reply = journey.snapshot.upstreams.send(exchange)) {
            is Reply.Served -> {
                served(journey, account, route, reply)
            }

            is Reply.Failed -> {
                account.attempts(reply.attempts)
                refuse(journey, account, ApiError(reply.status, reply.code, reply.message, retryAfterSeconds = 1, retryable = false), route)
            }
        }
    }

    private fun served(journey: Journey, account: Account, route: Route.Forward, reply: Reply.Served): HttpResponse {
        account.attempts(reply.attempts)
        val head = AnswerHead(reply.headers.status().code(), reply.headers.get("content-type"), reply.headers.get("content-encoding"))
        account.headers(head, reply.model, reply.upstream)
        val filter = route.filter(reply.upstream, head)
        val headers = servedHeaders(journey, route, reply)
        if (filter != null) headers.remove("content-length")
        val events = reply.headers.contentType()?.`is`(MediaType.EVENT_STREAM) == true
        val whole = StreamMessage.of(reply.body).peek { account.chunk(it) }
        val passed = if (filter == null) whole else whole.passing(filter)
        val place = EventPlace().takeIf { events }
        val body =
            (if (place == null) passed else passed.peek { place.passed(it.array()) })
                .recoverAndResume { failure -> brokenStream(journey, account, place, failure) }
        val response = HttpResponse.of(headers.build(), body)
        // Where the client left before the body was subscribed to, nothing else ends the upstream's request.
        response.whenComplete().handle { _, failure -> if (failure != null) reply.cancel() }
        return response
    }

    /**
     * An answer that breaks after it began: events end with an error event, anything else is cut so that it cannot pass for whole.
     *
     * @param place how far the events came; null where the answer is none of events
     */
    private fun brokenStream(journey: Journey, account: Account, place: EventPlace?, failure: Throwable): StreamMessage<HttpData> {
        val code = (failure as? UpstreamStreamFailure)?.code ?: "upstream_stream_failed"
        account.broke(code)
        // A kind of failure that Armeria takes for usual, and so does not log with its trace.
        if (place == null) return StreamMessage.aborted(ClosedStreamException(code))
        val error = journey.protocol.event(ApiError(502, code, "The model's answer broke off", retryable = false), journey.id)
        // Behind half an event ours would be read as more of it.
        return if (place.isBetweenEvents) StreamMessage.of(error) else StreamMessage.of(HttpData.ofUtf8("\n\n"), error)
    }

    private fun fixed(journey: Journey, account: Account, route: Route.Answer): HttpResponse {
        account.answered(200, if (route.cached == null) AnswerPath.FAST_RESPONSE else AnswerPath.CACHE)
        return OwnAnswer.fixed(journey, route, clock.instant().epochSecond).toHttp()
    }

    private fun refuse(journey: Journey, account: Account, error: ApiError, route: Route?): HttpResponse {
        account.refused(error)
        return OwnAnswer.refusal(journey, error, route).toHttp()
    }

    private fun modelsOrNothing(journey: Journey, account: Account): HttpResponse {
        val body =
            modelsAnswer(journey.path, journey.snapshot.policy) ?: return refuse(journey, account, OwnAnswer.nothingAt(journey.path), null)
        account.answered(200)
        return OwnAnswer.models(journey, body).toHttp()
    }

    /** The server's own bounds are those of the policy it was started with. */
    private fun ServiceRequestContext.keepTo(settings: GatewaySettings) {
        val requestMillis = settings.forwarding.totalTimeout
            .plus(ANSWER_GRACE)
            .toMillis()
        if (maxRequestLength() != settings.limits.bodyBytesMax) setMaxRequestLength(settings.limits.bodyBytesMax)
        if (requestTimeoutMillis() != requestMillis) setRequestTimeoutMillis(requestMillis)
    }

    private fun endCode(cause: Throwable): String =
        when {
            generateSequence(cause) { it.cause }.any { it is ContentTooLargeException } -> "body_too_large"
            cause is RequestTimeoutException -> "deadline_exceeded"
            else -> Account.CLIENT_LEFT
        }

    /** No room for one more body. */
    private class BodiesFull : RuntimeException(null, null, false, false)

    companion object {
        /** Our own deadline answers first, in the client's error shape. */
        val ANSWER_GRACE: Duration = Duration.ofSeconds(5)

        /** Parsing more than this on an event loop would make its other requests wait; measured at some 50 µs. */
        private const val EVENT_LOOP_BODY_BYTES_MAX = 256 * 1024
    }
}
