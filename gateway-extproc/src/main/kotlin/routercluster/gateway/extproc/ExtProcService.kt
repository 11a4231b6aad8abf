package routercluster.gateway.extproc

import com.linecorp.armeria.server.ServiceRequestContext
import com.linecorp.armeria.server.grpc.GrpcHealthCheckService
import com.linecorp.armeria.server.grpc.GrpcService
import com.linecorp.armeria.server.healthcheck.ListenableHealthChecker
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse
import io.grpc.Status
import io.grpc.stub.ServerCallStreamObserver
import io.grpc.stub.StreamObserver
import org.slf4j.LoggerFactory
import routercluster.gateway.pipeline.AnswerObserver
import routercluster.gateway.pipeline.Door
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * @property bodyBytesMax longest request body
 * @property inlineBodyBytesMax a request with a longer body is decided on a blocking thread, so that parsing it does not hold up
 *   the other streams of its event loop
 * @property streamTimeout from a request's headers to the end of its answer
 */
data class ExtProcLimits(
    val bodyBytesMax: Long,
    val inlineBodyBytesMax: Int = 256 * 1024,
    val streamTimeout: Duration = Duration.ofMinutes(30),
) {
    init {
        require(bodyBytesMax in 1..BODY_BYTES_CEILING) { "bodyBytesMax must be 1..$BODY_BYTES_CEILING, not $bodyBytesMax" }
    }

    private companion object {
        const val BODY_BYTES_CEILING = 1L shl 30
    }
}

/**
 * Envoy's external processor, ext_proc v3, and `grpc.health.v1` under its name: SERVING while [readiness] is healthy and the server
 * is not shutting down.
 */
fun extProcService(door: Door, limits: ExtProcLimits, readiness: ListenableHealthChecker): GrpcService =
    GrpcService
        .builder()
        .addService(ExternalProcessor(door, limits))
        .addService(health(readiness))
        .maxRequestMessageLength(limits.bodyBytesMax.toInt() + MESSAGE_OVERHEAD_BYTES)
        .useClientTimeoutHeader(false)
        .build()

private fun health(readiness: ListenableHealthChecker): GrpcHealthCheckService =
    GrpcHealthCheckService
        .builder()
        .checkers(readiness)
        .serviceCheckers(ExternalProcessorGrpc.SERVICE_NAME, readiness)
        .build()

/** Room for headers and metadata in a message that holds a buffered body. */
private const val MESSAGE_OVERHEAD_BYTES = 1024 * 1024

private class ExternalProcessor(
    private val door: Door,
    private val limits: ExtProcLimits,
) : ExternalProcessorGrpc.ExternalProcessorImplBase() {
    private val machine = ExtProcStream(limits.bodyBytesMax, door::refuse)

    override fun process(responses: StreamObserver<ProcessingResponse>): StreamObserver<ProcessingRequest> {
        val context = ServiceRequestContext.current()
        // The server's bounds are meant for one request; a stream carries a request and its whole answer.
        context.setMaxRequestLength(0)
        context.setRequestTimeout(limits.streamTimeout)
        return ExtProcCall(machine, door, limits, context, responses as ServerCallStreamObserver<ProcessingResponse>)
    }
}

/**
 * One stream. Everything runs on its event loop, one call at a time. The next message is asked for only when all answers to the
 * last one are on their way, so a slow Envoy slows the sender instead of filling our memory.
 *
 * We end it ourselves when nothing is left to say. Envoy would end it by a reset, which counts as a failed call and costs three exceptions.
 */
private class ExtProcCall(
    private val machine: ExtProcStream,
    private val door: Door,
    private val limits: ExtProcLimits,
    private val context: ServiceRequestContext,
    private val responses: ServerCallStreamObserver<ProcessingResponse>,
) : StreamObserver<ProcessingRequest> {
    private var state = StreamState()
    private val hold = door.hold()
    private val outbox = ArrayDeque<ProcessingResponse>()
    private var asked = true
    private var over = false

    /** The plan that the stream waits for. */
    private var awaited: CompletableFuture<DoorPlan>? = null

    init {
        responses.disableAutoRequest()
        responses.setOnReadyHandler(::flush)
        responses.setOnCancelHandler(::end)
        responses.request(1)
    }

    override fun onNext(message: ProcessingRequest) {
        asked = false
        if (over) return
        val fits = !message.hasRequestBody() || hold.add(message.requestBody.body.size())
        take(if (fits) machine.step(state, message) else machine.overloaded(state, hold.refusal))
    }

    override fun onError(cause: Throwable) = end()

    override fun onCompleted() {
        if (over) return
        end()
        responses.onCompleted()
    }

    private fun take(step: Step) {
        state = step.state
        step.seen.forEach(::tell)
        outbox.addAll(step.sent(step.state.plan?.answerFilter))
        val ask = step.ask
        val fault = step.fault
        when {
            fault != null -> fail(fault)
            ask == null -> flush()
            ask.body.size <= limits.inlineBodyBytesMax -> await(plan(ask))
            else -> decideElsewhere(ask)
        }
    }

    private fun decideElsewhere(ask: DoorRequest) {
        asked = true
        context.blockingTaskExecutor().execute {
            val plan = plan(ask)
            context.eventLoop().execute {
                asked = false
                await(plan)
            }
        }
    }

    /** Nothing more is asked for until the plan is there. */
    private fun await(plan: CompletableFuture<DoorPlan>) {
        if (plan.isDone) return decided(plan.join())
        if (over) {
            plan.cancel(false)
            return
        }
        asked = true
        awaited = plan
        plan.whenComplete { made, _ ->
            awaited = null
            asked = false
            if (made != null) decided(made)
        }
    }

    private fun decided(plan: DoorPlan) {
        if (over) {
            (plan as? DoorPlan.Forward)?.observer?.aborted()
        } else {
            take(machine.decided(state, plan))
        }
    }

    /** A door that fails costs its own request only. The failure's text may quote the request, so just its place is logged. */
    private fun plan(request: DoorRequest): CompletableFuture<DoorPlan> =
        try {
            door.plan(request, context.eventLoop().withoutContext())
        } catch (failure: RuntimeException) {
            log.error("The pipeline failed with {} at {}", failure.javaClass.name, failure.stackTrace.firstOrNull())
            CompletableFuture.completedFuture(door.refuse(request.path, 500, "internal_error", "The router failed to handle this request"))
        }

    private fun flush() {
        while (!over && outbox.isNotEmpty() && responses.isReady) responses.onNext(outbox.removeFirst())
        if (over || outbox.isNotEmpty()) return
        if (state.isOver) {
            onCompleted()
        } else if (!asked) {
            asked = true
            responses.request(1)
        }
    }

    private fun fail(fault: ProtocolFault) {
        log.warn("An ext_proc stream broke the protocol: {}: {}", fault.code, fault.detail)
        end()
        responses.onError(Status.INVALID_ARGUMENT.withDescription("${fault.code}: ${fault.detail}").asRuntimeException())
    }

    private fun end() {
        if (over) return
        over = true
        outbox.clear()
        hold.close()
        awaited?.cancel(false)
        machine.ended(state)?.let(::tell)
    }

    private fun tell(seen: Seen) {
        val observer: AnswerObserver = state.plan?.observer ?: return
        when (seen) {
            is Seen.Headers -> {
                seen.delivery?.let(observer::delivered)
                observer.headers(seen.status, seen.headers)
            }

            is Seen.Chunk -> {
                observer.chunk(seen.bytes.toByteArray())
            }

            Seen.End -> {
                observer.end()
            }

            Seen.Aborted -> {
                observer.aborted()
            }
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger("routercluster.extproc")
    }
}
