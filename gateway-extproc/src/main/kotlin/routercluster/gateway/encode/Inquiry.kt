package routercluster.gateway.encode

import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.HeadRef
import routercluster.policy.routing.OpenPlan
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Planning
import routercluster.telemetry.EncodeSpan
import routercluster.telemetry.EncodeWork
import routercluster.telemetry.RequestSpan
import routercluster.telemetry.TraceHeaders
import routercluster.telemetry.Tracing
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executors
import java.util.concurrent.Future
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit

/**
 * Asks the encoders of [lease] for all that [first] needs and waits for the plan: for a command, which has nothing else to do. The
 * lease may be null where nothing needs to be asked.
 */
fun planWith(lease: EncoderLease?, first: Planning): Plan {
    if (first is Plan) return first
    val encoder = checkNotNull(lease) { "a plan that asks encoders, without any" }.encoder
    val loop = Executors.newSingleThreadScheduledExecutor()
    return try {
        val span = Tracing.OFF.start("explain", null, TraceHeaders.NONE)
        Inquiry(encoder, loop, span, System.nanoTime() + FOR_EVER.toNanos()).plan(first).join()
    } finally {
        loop.shutdownNow()
    }
}

/** The signals' own timeouts end the wait. */
private val FOR_EVER: Duration = Duration.ofDays(1)

/**
 * Carries one request's open plan to encoders and back until it is a plan. Everything runs on [loop], one step after the other.
 * Cancelling the future that [plan] gives ends the inquiry, and what encoders do for it.
 *
 * @param deadlineNanos when the request is over, by [nanos]
 */
internal class Inquiry(
    private val encoder: Encoder,
    private val loop: ScheduledExecutorService,
    private val span: RequestSpan,
    private val deadlineNanos: Long,
    private val nanos: () -> Long = System::nanoTime,
) {
    private val done = CompletableFuture<Plan>()
    private var waiting: Waiting? = null

    /** An answer that is awaited. */
    private class Waiting(val open: OpenPlan, val sentNanos: Long, val span: EncodeSpan, val answer: CompletableFuture<EncodeReply>) {
        var timer: Future<*>? = null

        fun goingOn(open: OpenPlan) = Waiting(open, sentNanos, span, answer)
    }

    fun plan(first: Planning): CompletableFuture<Plan> {
        if (first is Plan) return CompletableFuture.completedFuture(first)
        done.whenComplete { _, _ -> if (done.isCancelled) loop.execute(::leave) }
        loop.execute { step(first) }
        return done
    }

    private fun step(next: Planning) {
        if (done.isDone) return
        try {
            when (next) {
                is Plan -> done.complete(next)
                is OpenPlan -> ask(next)
            }
        } catch (failure: RuntimeException) {
            done.completeExceptionally(failure)
        }
    }

    private fun ask(open: OpenPlan) {
        val passages = open.request.passages
        val span = span.encode(passages.size, passages.flatMap { it.heads }.distinct().map(HeadRef::toString))
        val answer = answer(open)
        val sent = Waiting(open, nanos(), span, answer)
        await(sent)
        answer.whenComplete { reply, failure -> loop.execute { if (waiting?.answer === answer) take(reply, failure) } }
    }

    private fun answer(open: OpenPlan): CompletableFuture<EncodeReply> =
        try {
            encoder.encode(open.request).toCompletableFuture()
        } catch (failure: RuntimeException) {
            CompletableFuture.failedFuture(failure)
        }

    private fun await(next: Waiting) {
        waiting = next
        val patience = next.open.patience.toNanos() - (nanos() - next.sentNanos)
        val wait = minOf(patience, deadlineNanos - nanos()).coerceAtLeast(0)
        next.timer = loop.schedule({ if (waiting === next) waitedLongEnough(next) }, wait, TimeUnit.NANOSECONDS)
    }

    private fun take(reply: EncodeReply?, failure: Throwable?) {
        val it = leaveOff() ?: return
        val took = Duration.ofNanos(nanos() - it.sentNanos)
        if (reply != null) {
            it.span.end(workOf(reply))
            step(it.open.answered(reply, took))
        } else {
            val reason = failure?.let(::reasonOf) ?: "the encoder gave no answer"
            it.span.failed(reason)
            step(it.open.failed(reason, took))
        }
    }

    private fun waitedLongEnough(it: Waiting) {
        val now = nanos()
        val took = Duration.ofNanos(now - it.sentNanos)
        // A timer may be a little early by another clock.
        val next =
            if (now - deadlineNanos >=
                0
            ) {
                it.open.failed("the request's deadline passed", took)
            } else {
                it.open.expired(maxOf(took, it.open.patience))
            }
        if (next is OpenPlan && next.request === it.open.request) {
            await(it.goingOn(next))
            return
        }
        leaveOff()
        it.span.failed(GIVEN_UP)
        it.answer.cancel(true)
        step(next)
    }

    private fun leaveOff(): Waiting? {
        val it = waiting
        waiting = null
        it?.timer?.cancel(false)
        return it
    }

    private fun leave() {
        val it = leaveOff() ?: return
        it.span.failed("abandoned")
        it.answer.cancel(true)
    }

    private fun workOf(reply: EncodeReply): EncodeWork {
        val coverages = reply.results.map { it.coverage }
        return EncodeWork(reply.batch, coverages.sumOf { it.windows }, coverages.sumOf { it.tokens }, reply.waited, reply.computed)
    }

    private companion object {
        const val GIVEN_UP = "not waited for any longer"
    }
}
