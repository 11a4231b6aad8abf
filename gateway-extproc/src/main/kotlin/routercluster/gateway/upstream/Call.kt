package routercluster.gateway.upstream

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpObject
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.ResponseHeaders
import io.netty.util.concurrent.EventExecutor
import io.netty.util.concurrent.ScheduledFuture
import kotlinx.coroutines.CompletableDeferred
import org.reactivestreams.Publisher
import org.reactivestreams.Subscriber
import org.reactivestreams.Subscription
import routercluster.policy.FailureClass
import routercluster.policy.models.Model
import java.util.concurrent.TimeUnit
import kotlin.math.min

/**
 * What a [call] came to by its commit point.
 *
 * @property status null where no answer came
 * @property headers null where there is no answer that could be served
 * @property whole the answer is here to its end, so that it costs nothing to keep
 */
internal class Outcome(
    val call: Call,
    val status: Int?,
    val headers: ResponseHeaders?,
    val failure: FailureClass?,
    val whole: Boolean,
)

/** Bounds of one call in nanoseconds, and the clock they are read on. */
internal class CallTiming(val firstByteNanos: Long, val idleNanos: Long, val ticker: () -> Long)

/**
 * One request on the wire. Reads the answer up to its commit point and tells the [outcome]; what follows flows on to the one
 * subscriber at that subscriber's pace. An answer that may be tried elsewhere is read to its end first, if it is short.
 *
 * All state is touched on the response's event loop only. One timer serves all phases: it is not moved when a chunk comes
 * but looks, once it fires, whether it is still due.
 */
internal class Call(
    val member: Member,
    val number: Int,
    val hedge: Boolean,
    private val pool: ModelPool,
    private val response: HttpResponse,
    private val deadlineNanos: Long,
    private val timing: CallTiming,
) : Publisher<HttpData>,
    Subscriber<HttpObject>,
    Subscription {
    private enum class Phase { WAITING, COLLECTING, OPEN }

    val model: Model get() = pool.model
    val startNanos = timing.ticker()
    val outcome = CompletableDeferred<Outcome>()

    private val loop: EventExecutor = response.defaultSubscriberExecutor()
    private val received = ArrayDeque<HttpData>()
    private var receivedBytes = 0L
    private var phase = Phase.WAITING
    private var headers: ResponseHeaders? = null
    private var failure: FailureClass? = null

    private var source: Subscription? = null
    private var asked = 0L
    private var ended = false

    private var sink: Subscriber<in HttpData>? = null
    private var sinkDone = false
    private var demand = 0L
    private var draining = false
    private var breakage: UpstreamStreamFailure? = null

    private var timer: ScheduledFuture<*>? = null
    private var timerNanos = 0L
    private var sinceNanos = startNanos

    fun start() = response.subscribe(this, loop)

    override fun onSubscribe(subscription: Subscription) {
        if (ended) return subscription.cancel()
        source = subscription
        setTimer()
        askSource()
    }

    override fun onNext(item: HttpObject) {
        asked--
        if (ended) return
        if (item is ResponseHeaders) onHeaders(item)
        if (item is HttpData && !item.isEmpty) onData(item)
        askSource()
    }

    private fun onHeaders(received: ResponseHeaders) {
        if (received.status().isInformational) return
        headers = received
        failure = failureClass(received.status().code())
        if (failure == null) return
        phase = Phase.COLLECTING
        sinceNanos = timing.ticker()
        setTimer()
    }

    private fun onData(data: HttpData) {
        when (phase) {
            Phase.WAITING -> {
                received.addLast(data)
                open()
            }

            Phase.COLLECTING -> {
                received.addLast(data)
                receivedBytes += data.length()
                if (receivedBytes > ERROR_BYTES_MAX) open()
            }

            Phase.OPEN -> {
                sinceNanos = timing.ticker()
                if (received.isEmpty() && demand > 0) pass(data) else received.addLast(data)
            }
        }
    }

    override fun onComplete() {
        if (ended) return
        release()
        if (failure == null) pool.succeeded(member)
        if (phase == Phase.OPEN) endSink() else open()
    }

    override fun onError(cause: Throwable) {
        if (ended) return
        release()
        when (phase) {
            Phase.WAITING -> {
                lose(FailureClass.CONNECT)
            }

            Phase.COLLECTING -> {
                lose(failure ?: FailureClass.SERVER_ERROR)
            }

            Phase.OPEN -> {
                pool.failed(member, FailureClass.CONNECT)
                breakage = UpstreamStreamFailure("upstream_stream_cut", "the upstream broke off its answer", cause)
                endSink()
            }
        }
    }

    /** Commit point: from here on this answer can be served. */
    private fun open() {
        val headers = headers ?: return lose(FailureClass.CONNECT)
        phase = Phase.OPEN
        val failure = failure
        if (failure == null) pool.committed(member) else pool.failed(member, failure)
        outcome.complete(Outcome(this, headers.status().code(), headers, failure, whole = ended))
    }

    /** There is no answer to serve. */
    private fun lose(failure: FailureClass) {
        phase = Phase.OPEN
        pool.failed(member, failure)
        breakage = UpstreamStreamFailure("upstream_stream_cut", "the upstream gave no answer")
        outcome.complete(Outcome(this, headers?.status()?.code(), headers = null, failure, whole = false))
    }

    override fun subscribe(subscriber: Subscriber<in HttpData>) =
        onLoop {
            if (sink != null || sinkDone) {
                subscriber.onSubscribe(NoSubscription)
                subscriber.onError(IllegalStateException("the body of an answer can be read only once, and not after it was cancelled"))
            } else {
                sink = subscriber
                subscriber.onSubscribe(this)
                endSink()
            }
        }

    override fun request(n: Long) =
        onLoop {
            if (n > 0) ask(n) else refuse(n)
        }

    private fun ask(n: Long) {
        if (sinkDone) return
        // A slow reader's own time is not the upstream's silence.
        if (demand == 0L) sinceNanos = timing.ticker()
        demand = if (demand + n < 0) Long.MAX_VALUE else demand + n
        drain()
        askSource()
        setTimer()
    }

    private fun refuse(n: Long) {
        if (sinkDone) return
        abandon()
        sink?.onError(IllegalArgumentException("demand must be at least 1, not $n"))
    }

    /** Ends the upstream's request as well; does nothing to an answer that has ended. Any thread. */
    override fun cancel() = onLoop { abandon() }

    private fun abandon() {
        sinkDone = true
        received.clear()
        if (ended) return
        release()
        response.abort()
    }

    private fun drain() {
        if (draining) return
        draining = true
        while (demand > 0 && !sinkDone) pass(received.removeFirstOrNull() ?: break)
        draining = false
        endSink()
    }

    private fun pass(data: HttpData) {
        demand--
        sink?.onNext(data)
    }

    private fun endSink() {
        val sink = sink
        if (sink == null || sinkDone || !ended || received.isNotEmpty()) return
        sinkDone = true
        val breakage = breakage
        if (breakage == null) sink.onComplete() else sink.onError(breakage)
    }

    private fun askSource() {
        // The source may answer at once, and a sink must not be called from within its own call.
        if (draining) return
        val wanted =
            when (phase) {
                Phase.WAITING -> HEADERS_AND_CHUNK
                Phase.COLLECTING -> 1L
                Phase.OPEN -> if (received.isEmpty()) demand else 0L
            }
        val more = wanted - asked
        if (ended || more <= 0) return
        asked = wanted
        source?.request(more)
    }

    private fun leftNanos(now: Long): Long {
        val limitNanos =
            when (phase) {
                Phase.WAITING -> timing.firstByteNanos
                Phase.COLLECTING -> ERROR_NANOS_MAX
                Phase.OPEN -> if (demand > 0) timing.idleNanos else Long.MAX_VALUE
            }
        return min(limitNanos - (now - sinceNanos), deadlineNanos - now)
    }

    /** Makes sure that the timer fires no later than it is due; it may fire earlier. */
    private fun setTimer() {
        if (ended) return
        val now = timing.ticker()
        val leftNanos = leftNanos(now)
        if (timer != null && now + leftNanos - timerNanos >= 0) return
        timer?.cancel(false)
        timerNanos = now + leftNanos
        timer = loop.schedule({ onTimer() }, leftNanos, TimeUnit.NANOSECONDS)
    }

    private fun onTimer() {
        timer = null
        if (ended) return
        val now = timing.ticker()
        if (leftNanos(now) > 0) return setTimer()
        when (phase) {
            Phase.COLLECTING -> {
                open()
                setTimer()
            }

            Phase.WAITING -> {
                stop()
                lose(FailureClass.TIMEOUT)
            }

            Phase.OPEN -> {
                stop()
                received.clear()
                breakage = lateness(now)
                endSink()
            }
        }
    }

    private fun lateness(now: Long): UpstreamStreamFailure {
        if (deadlineNanos - now <= 0) return UpstreamStreamFailure("deadline_exceeded", "the answer did not end in time")
        pool.failed(member, FailureClass.TIMEOUT)
        return UpstreamStreamFailure("upstream_stream_idle", "the upstream fell silent within its answer")
    }

    private fun stop() {
        release()
        response.abort()
    }

    private fun release() {
        ended = true
        timer?.cancel(false)
        timer = null
        pool.release(member)
    }

    private inline fun onLoop(crossinline action: () -> Unit) {
        if (loop.inEventLoop()) action() else loop.execute { action() }
    }

    private object NoSubscription : Subscription {
        override fun request(n: Long) = Unit

        override fun cancel() = Unit
    }

    private companion object {
        const val HEADERS_AND_CHUNK = 2L

        /** How much of an answer that may be tried elsewhere is read before that is decided, and for how long. */
        const val ERROR_BYTES_MAX = 64L * 1024
        const val ERROR_NANOS_MAX = 2_000_000_000L
    }
}
