package routercluster.telemetry

import io.opentelemetry.api.common.AttributeKey
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.api.trace.Tracer
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator
import io.opentelemetry.context.Context
import io.opentelemetry.context.propagation.TextMapGetter
import io.opentelemetry.context.propagation.TextMapSetter
import io.opentelemetry.sdk.common.Clock
import io.opentelemetry.sdk.trace.SdkTracerProvider
import routercluster.policy.FailureClass
import routercluster.policy.signals.Reading
import java.util.concurrent.TimeUnit

/**
 * Traces by OpenTelemetry with the attribute names of its GenAI conventions. A request is a SERVER span, deciding an INTERNAL
 * child, each call to encoders and each attempt a CLIENT child. Spans name models, decisions, signals and heads of the policy; never a
 * prompt, a key or a user.
 *
 * @param provider samples and sends; closed with this. [openTracing] makes one that does as policy and environment say
 */
class OpenTelemetryTracing(private val provider: SdkTracerProvider, private val clock: Clock = Clock.getDefault()) : Tracing {
    private val tracer: Tracer = provider.get("routercluster")

    override fun start(operation: String, askedModel: String?, from: TraceHeaders): RequestSpan {
        val parent = if (from.traceparent == null) Context.root() else W3C.extract(Context.root(), from, HeaderReader)
        val span =
            tracer
                .spanBuilder(operation)
                .setParent(parent)
                .setSpanKind(SpanKind.SERVER)
                .startSpan()
        if (span.isRecording) {
            span.setAttribute(OPERATION, operation)
            askedModel?.let { span.setAttribute(ORIGINAL_MODEL, it) }
        }
        return OpenRequestSpan(tracer, clock, operation, span)
    }

    /** Sends what is queued, for at most [CLOSE_SECONDS_MAX] seconds. */
    override fun close() {
        provider.shutdown().join(CLOSE_SECONDS_MAX, TimeUnit.SECONDS)
    }

    companion object {
        const val CLOSE_SECONDS_MAX = 5L
    }
}

private class OpenRequestSpan(
    private val tracer: Tracer,
    private val clock: Clock,
    private val operation: String,
    private val span: Span,
) : RequestSpan {
    private val context: Context = Context.root().with(span)

    override val traceId: String? get() = span.spanContext.traceId

    override val headers: TraceHeaders get() = headersOf(context)

    override fun routed(event: RouterEvent.Routed) {
        if (!span.isRecording) return
        val end = clock.now()
        val start = end - event.decideNanos
        event.model?.let { span.setAttribute(REQUEST_MODEL, it) }
        val child = child("route", SpanKind.INTERNAL, start)
        event.recipe?.let { child.setAttribute(RECIPE, it) }
        event.decision?.let { child.setAttribute(DECISION, it) }
        val matched = event.readings.filter { (_, reading) -> reading is Reading.Seen && reading.matched }
        child.setAttribute(SIGNALS_MATCHED, matched.map { (ref, _) -> ref.toString() })
        event.signalNanos?.let { signalSpans(child, event, it, start) }
        child.end(end, TimeUnit.NANOSECONDS)
    }

    override fun encode(texts: Int, heads: List<String>): EncodeSpan {
        val child = child("encode", SpanKind.CLIENT, clock.now())
        child.setAttribute(TEXTS, texts.toLong())
        child.setAttribute(HEADS, heads)
        return OpenEncodeSpan(child)
    }

    override fun attempt(number: Int, model: String, upstream: String, provider: String, hedge: Boolean): AttemptSpan {
        val attempt = child("$operation $model", SpanKind.CLIENT, clock.now())
        if (attempt.isRecording) {
            attempt.setAttribute(OPERATION, operation)
            attempt.setAttribute(PROVIDER, provider)
            attempt.setAttribute(REQUEST_MODEL, model)
            attempt.setAttribute(UPSTREAM, upstream)
            attempt.setAttribute(ATTEMPT, number.toLong())
            if (hedge) attempt.setAttribute(HEDGE, true)
        }
        return OpenAttemptSpan(context.with(attempt), attempt)
    }

    override fun end(event: RouterEvent.Completed) {
        if (span.isRecording) describe(event)
        span.end()
    }

    override fun end(event: RouterEvent.Refused) {
        if (span.isRecording) failed(event.code, event.status)
        span.end()
    }

    private fun describe(event: RouterEvent.Completed) {
        event.model?.let {
            span.updateName("$operation $it")
            span.setAttribute(RESPONSE_MODEL, it)
        }
        event.provider?.let { span.setAttribute(PROVIDER, it) }
        event.promptTokens?.let { span.setAttribute(INPUT_TOKENS, it.toLong()) }
        event.completionTokens?.let { span.setAttribute(OUTPUT_TOKENS, it.toLong()) }
        event.cachedTokens?.let { span.setAttribute(CACHED_TOKENS, it.toLong()) }
        if (event.finishReasons.isNotEmpty()) span.setAttribute(FINISH_REASONS, event.finishReasons)
        if (event.tokensEstimated) span.setAttribute(USAGE_ESTIMATED, true)
        span.setAttribute(ANSWER_PATH, event.path.label)
        span.setAttribute(STATUS, event.status.toLong())
        event.errorCode?.let { failed(it, event.status) }
    }

    /** As the HTTP conventions have it, a server's span is an error only where the fault is the server's. */
    private fun failed(code: String, status: Int) {
        span.setAttribute(STATUS, status.toLong())
        span.setAttribute(ERROR_TYPE, code)
        if (status !in 400..499) span.setStatus(StatusCode.ERROR)
    }

    private fun signalSpans(decision: Span, event: RouterEvent.Routed, nanos: List<Long>, start: Long) {
        val parent = context.with(decision)
        var at = start
        event.readings.forEachIndexed { i, (ref, reading) ->
            val signal =
                tracer
                    .spanBuilder("signal $ref")
                    .setParent(parent)
                    .setStartTimestamp(at, TimeUnit.NANOSECONDS)
                    .startSpan()
            when (reading) {
                is Reading.Seen -> signal.setAttribute(MATCHED, reading.matched)
                is Reading.Failed -> signal.setStatus(StatusCode.ERROR, reading.reason)
            }
            at += nanos[i]
            signal.end(at, TimeUnit.NANOSECONDS)
        }
    }

    private fun child(name: String, kind: SpanKind, startNanos: Long): Span =
        tracer
            .spanBuilder(name)
            .setParent(context)
            .setSpanKind(kind)
            .setStartTimestamp(startNanos, TimeUnit.NANOSECONDS)
            .startSpan()
}

private class OpenEncodeSpan(private val span: Span) : EncodeSpan {
    override fun end(work: EncodeWork) {
        span.setAttribute(BATCH, work.batch.toLong())
        span.setAttribute(WINDOWS, work.windows.toLong())
        span.setAttribute(TOKENS, work.tokens.toLong())
        span.setAttribute(WAITED, work.waited.toNanos() / NANOS_PER_MILLI)
        span.setAttribute(COMPUTED, work.computed.toNanos() / NANOS_PER_MILLI)
        span.end()
    }

    override fun failed(reason: String) {
        span.setStatus(StatusCode.ERROR, reason)
        span.end()
    }
}

private class OpenAttemptSpan(private val context: Context, private val span: Span) : AttemptSpan {
    override val headers: TraceHeaders get() = headersOf(context)

    override fun end(status: Int?, failure: FailureClass?) {
        status?.let { span.setAttribute(STATUS, it.toLong()) }
        if (failure != null) {
            span.setAttribute(ERROR_TYPE, failure.label)
            span.setStatus(StatusCode.ERROR)
        }
        span.end()
    }
}

private val W3C = W3CTraceContextPropagator.getInstance()

private object HeaderReader : TextMapGetter<TraceHeaders> {
    override fun keys(carrier: TraceHeaders): Iterable<String> = listOf("traceparent", "tracestate")

    override fun get(carrier: TraceHeaders?, key: String): String? =
        when (key) {
            "traceparent" -> carrier?.traceparent
            "tracestate" -> carrier?.tracestate
            else -> null
        }
}

private object HeaderWriter : TextMapSetter<MutableMap<String, String>> {
    override fun set(carrier: MutableMap<String, String>?, key: String, value: String) {
        carrier?.put(key, value)
    }
}

private fun headersOf(context: Context): TraceHeaders {
    val headers = HashMap<String, String>(4)
    W3C.inject(context, headers, HeaderWriter)
    return TraceHeaders(headers["traceparent"], headers["tracestate"])
}

private val OPERATION = AttributeKey.stringKey("gen_ai.operation.name")
private val PROVIDER = AttributeKey.stringKey("gen_ai.provider.name")
private val ORIGINAL_MODEL = AttributeKey.stringKey("gen_ai.original.model")
private val REQUEST_MODEL = AttributeKey.stringKey("gen_ai.request.model")
private val RESPONSE_MODEL = AttributeKey.stringKey("gen_ai.response.model")
private val INPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.input_tokens")
private val OUTPUT_TOKENS = AttributeKey.longKey("gen_ai.usage.output_tokens")
private val CACHED_TOKENS = AttributeKey.longKey("gen_ai.usage.cache_read.input_tokens")
private val FINISH_REASONS = AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")
private val USAGE_ESTIMATED = AttributeKey.booleanKey("router.usage.estimated")
private val ERROR_TYPE = AttributeKey.stringKey("error.type")
private val STATUS = AttributeKey.longKey("http.response.status_code")
private val RECIPE = AttributeKey.stringKey("router.recipe")
private val DECISION = AttributeKey.stringKey("router.decision")
private val SIGNALS_MATCHED = AttributeKey.stringArrayKey("router.signals.matched")
private val MATCHED = AttributeKey.booleanKey("router.signal.matched")
private val TEXTS = AttributeKey.longKey("router.encode.texts")
private val HEADS = AttributeKey.stringArrayKey("router.encode.heads")
private val WINDOWS = AttributeKey.longKey("router.encode.windows")
private val TOKENS = AttributeKey.longKey("router.encode.tokens")
private val BATCH = AttributeKey.longKey("router.encode.batch")
private val WAITED = AttributeKey.doubleKey("router.encode.waited_ms")
private val COMPUTED = AttributeKey.doubleKey("router.encode.computed_ms")
private const val NANOS_PER_MILLI = 1e6
private val ANSWER_PATH = AttributeKey.stringKey("router.path")
private val UPSTREAM = AttributeKey.stringKey("router.upstream")
private val ATTEMPT = AttributeKey.longKey("router.attempt")
private val HEDGE = AttributeKey.booleanKey("router.hedge")
