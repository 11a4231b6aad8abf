package routercluster.telemetry

import routercluster.policy.FailureClass
import java.time.Duration

/** The W3C trace context headers of one request; null where absent. */
data class TraceHeaders(val traceparent: String?, val tracestate: String? = null) {
    companion object {
        val NONE = TraceHeaders(null)
    }
}

/** Makes the spans of requests. Nothing here blocks or throws; spans that cannot be delivered are dropped. */
interface Tracing : AutoCloseable {
    /**
     * Begins the span of a request that a client sent.
     *
     * @param operation as in the GenAI conventions, e.g. `chat`; the span's name
     * @param askedModel what the client asked for; null where it is not known yet
     * @param from the client's headers, whose trace is continued where they are valid
     */
    fun start(operation: String, askedModel: String?, from: TraceHeaders): RequestSpan

    companion object {
        /** Makes no spans and hands a client's trace headers on as they are. */
        val OFF: Tracing = NoTracing
    }
}

/** The span of one request. Used by one thread at a time; [end] comes last and once. */
interface RequestSpan {
    /** For log records and answers; null where nothing is traced. */
    val traceId: String?

    /** What a request made on this span's behalf carries, where no [attempt] is made for it. */
    val headers: TraceHeaders

    /** Notes how the request was routed, now: a child span that ends here and began as long ago as deciding took. */
    fun routed(event: RouterEvent.Routed)

    /** Begins the span of one call to encoders, which ends before [routed]: so many [texts] for these [heads], named as the policy does. */
    fun encode(texts: Int, heads: List<String>): EncodeSpan

    /** Begins the span of one try at an upstream. [number] counts from 1. */
    fun attempt(number: Int, model: String, upstream: String, provider: String, hedge: Boolean = false): AttemptSpan

    fun end(event: RouterEvent.Completed)

    /** Ends the span of a request that was refused before it was routed. */
    fun end(event: RouterEvent.Refused)
}

/** The span of one attempt. [end] comes last and once. */
interface AttemptSpan {
    /** What the request to the upstream carries. */
    val headers: TraceHeaders

    /** [status] is the upstream's, null where no answer came; [failure] is null for the attempt that served. */
    fun end(status: Int?, failure: FailureClass?)
}

/** The span of one call to encoders. One of its functions comes last and once. */
interface EncodeSpan {
    fun end(work: EncodeWork)

    /** [reason] quotes no text. */
    fun failed(reason: String)
}

/**
 * What a call to encoders came to.
 *
 * @property batch the most texts that shared a pass of the network
 * @property windows passes that the texts' lengths took
 * @property tokens that were read, overlaps of windows counted once
 * @property waited in queues
 * @property computed in tokenizer and network
 */
data class EncodeWork(val batch: Int, val windows: Int, val tokens: Int, val waited: Duration, val computed: Duration)

private object NoTracing : Tracing {
    override fun start(operation: String, askedModel: String?, from: TraceHeaders): RequestSpan =
        if (from == TraceHeaders.NONE) PassingSpan.nothing else PassingSpan(from)

    override fun close() = Unit
}

private class PassingSpan(override val headers: TraceHeaders) : RequestSpan, EncodeSpan, AttemptSpan {
    override val traceId: String? get() = null

    override fun routed(event: RouterEvent.Routed) = Unit

    override fun encode(texts: Int, heads: List<String>): EncodeSpan = this

    override fun attempt(number: Int, model: String, upstream: String, provider: String, hedge: Boolean): AttemptSpan = this

    override fun end(work: EncodeWork) = Unit

    override fun failed(reason: String) = Unit

    override fun end(event: RouterEvent.Completed) = Unit

    override fun end(event: RouterEvent.Refused) = Unit

    override fun end(status: Int?, failure: FailureClass?) = Unit

    companion object {
        val nothing = PassingSpan(TraceHeaders.NONE)
    }
}
