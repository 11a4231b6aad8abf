package routercluster.telemetry

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.maps.shouldContainAll
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldMatch
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter
import io.opentelemetry.sdk.testing.time.TestClock
import io.opentelemetry.sdk.trace.SdkTracerProvider
import io.opentelemetry.sdk.trace.data.SpanData
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor
import io.opentelemetry.sdk.trace.samplers.Sampler
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import routercluster.policy.signals.Reading
import routercluster.policy.signals.SignalRef
import java.time.Duration

class TracingTest {
    private val exporter = InMemorySpanExporter.create()
    private val clock = TestClock.create()
    private val tracing = tracing(1.0)

    private fun tracing(sampleRate: Double): OpenTelemetryTracing {
        val provider = SdkTracerProvider.builder().setClock(clock).setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(sampleRate)))
        return OpenTelemetryTracing(provider.addSpanProcessor(SimpleSpanProcessor.create(exporter)).build(), clock)
    }

    @AfterEach
    fun close() = tracing.close()

    private val incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private fun span(name: String): SpanData = exporter.finishedSpanItems.firstOrNull { it.name == name }.shouldNotBeNull()

    private fun attributes(span: SpanData): Map<String, Any?> =
        span.attributes
            .asMap()
            .entries
            .associate { (key, value) -> key.key to value }

    @Test
    fun `a request is a server span with a child per decision and attempt`() {
        val request = tracing.start("chat", "auto", TraceHeaders(incoming, "vendor=1"))
        request.traceId shouldBe "0af7651916cd43dd8448eb211c80319c"
        clock.advance(Duration.ofMillis(1))
        val readings = listOf(SignalRef("keyword", "urgent") to Reading.Seen(true), SignalRef("keyword", "calm") to Reading.Seen(false))
        request.routed(RouterEvent.Routed("default", "urgent", "small", readings, 3_000, listOf(1_000, 2_000)))
        val first = request.attempt(1, "small", "small/a", "openai")
        clock.advance(Duration.ofMillis(5))
        first.end(null, FailureClass.CONNECT)
        val second = request.attempt(2, "large", "large/a", "anthropic", hedge = true)
        second.headers.traceparent.shouldNotBeNull() shouldMatch "00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01"
        second.headers.tracestate shouldBe "vendor=1"
        second.end(200, null)
        request.end(
            completed(model = "large").copy(promptTokens = 10, completionTokens = 3, cachedTokens = 4, finishReasons = listOf("stop")),
        )

        val server = exporter.finishedSpanItems.single { it.kind == SpanKind.SERVER }
        server.name shouldBe "chat large"
        server.parentSpanId shouldBe "b7ad6b7169203331"
        attributes(server) shouldContainAll
            mapOf(
                "gen_ai.operation.name" to "chat",
                "gen_ai.original.model" to "auto",
                "gen_ai.request.model" to "small",
                "gen_ai.response.model" to "large",
                "gen_ai.provider.name" to "openai",
                "gen_ai.usage.input_tokens" to 10L,
                "gen_ai.usage.output_tokens" to 3L,
                "gen_ai.usage.cache_read.input_tokens" to 4L,
                "gen_ai.response.finish_reasons" to listOf("stop"),
                "http.response.status_code" to 200L,
            )
        val route = span("route")
        route.parentSpanId shouldBe server.spanId
        route.endEpochNanos - route.startEpochNanos shouldBe 3_000
        attributes(route) shouldBe
            mapOf("router.recipe" to "default", "router.decision" to "urgent", "router.signals.matched" to listOf("keyword:urgent"))
        attributes(server).keys.contains("router.usage.estimated") shouldBe false
        span("signal keyword:calm").parentSpanId shouldBe route.spanId
        span("signal keyword:calm").startEpochNanos shouldBe route.startEpochNanos + 1_000
        val failed = span("chat small")
        failed.kind shouldBe SpanKind.CLIENT
        failed.status.statusCode shouldBe StatusCode.ERROR
        attributes(failed) shouldContainAll mapOf("error.type" to "connect", "router.attempt" to 1L, "router.upstream" to "small/a")
        exporter.finishedSpanItems
            .single {
                it.spanId == second.headers.traceparent
                    ?.split('-')
                    ?.get(2)
            }.kind shouldBe SpanKind.CLIENT
    }

    @Test
    fun `a call to encoders is a child that tells the work, or why there was none`() {
        val request = tracing.start("chat", "auto", TraceHeaders.NONE)
        val answered = request.encode(3, listOf("default/domain", "default/jailbreak"))
        clock.advance(Duration.ofMillis(9))
        answered.end(EncodeWork(batch = 8, windows = 4, tokens = 700, Duration.ofMillis(2), Duration.ofMillis(7)))
        request.encode(1, listOf("default/domain")).failed("the queue is full")
        request.end(completed())
        val server = exporter.finishedSpanItems.single { it.kind == SpanKind.SERVER }
        val (first, second) = exporter.finishedSpanItems.filter { it.name == "encode" }
        listOf(first, second).map { it.parentSpanId to it.kind } shouldBe List(2) { server.spanId to SpanKind.CLIENT }
        first.endEpochNanos - first.startEpochNanos shouldBe 9_000_000
        attributes(first) shouldBe
            mapOf(
                "router.encode.texts" to 3L,
                "router.encode.heads" to listOf("default/domain", "default/jailbreak"),
                "router.encode.batch" to 8L,
                "router.encode.windows" to 4L,
                "router.encode.tokens" to 700L,
                "router.encode.waited_ms" to 2.0,
                "router.encode.computed_ms" to 7.0,
            )
        (second.status.statusCode to second.status.description) shouldBe (StatusCode.ERROR to "the queue is full")
        attributes(second).keys shouldBe setOf("router.encode.texts", "router.encode.heads")
    }

    @Test
    fun `estimated tokens are marked, and so is the attempt that was a hedge`() {
        val request = tracing.start("chat", "auto", TraceHeaders.NONE)
        request.attempt(1, "small", "small/a", "openai").end(null, null)
        request.attempt(2, "small", "small/b", "openai", hedge = true).end(200, null)
        request.end(completed().copy(promptTokens = 10, completionTokens = 3, tokensEstimated = true))
        val server = exporter.finishedSpanItems.single { it.kind == SpanKind.SERVER }
        attributes(server) shouldContainAll mapOf("gen_ai.usage.output_tokens" to 3L, "router.usage.estimated" to true)
        val attempts = exporter.finishedSpanItems.filter { it.kind == SpanKind.CLIENT }
        attempts.map { attributes(it)["router.hedge"] } shouldBe listOf(null, true)
    }

    @Test
    fun `only a server's own fault makes its span an error`() {
        tracing.start("chat", null, TraceHeaders.NONE).end(RouterEvent.Refused("bad_json", 400))
        tracing.start("embeddings", null, TraceHeaders.NONE).end(completed(model = null, status = 503, errorCode = "upstream_unavailable"))
        span("chat").status.statusCode shouldBe StatusCode.UNSET
        attributes(span("chat")) shouldContainAll mapOf("error.type" to "bad_json", "http.response.status_code" to 400L)
        span("embeddings").status.statusCode shouldBe StatusCode.ERROR
    }

    @Test
    fun `a broken traceparent begins a new trace`() {
        val request = tracing.start("chat", "auto", TraceHeaders("00-zz-1"))
        request.end(completed())
        // 01 is the sampled flag, 02 says that the id is random.
        request.headers.traceparent.shouldNotBeNull() shouldMatch "00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]"
        span("chat small").parentSpanContext.isValid shouldBe false
    }

    @Test
    fun `what is not sampled still carries a trace`() {
        tracing(0.0).use { quiet ->
            val request = quiet.start("chat", "auto", TraceHeaders.NONE)
            request.routed(RouterEvent.Routed(null, null, "small", emptyList(), 1))
            val attempt = request.attempt(1, "small", "small/a", "openai")
            attempt.headers.traceparent.shouldNotBeNull() shouldMatch "00-[0-9a-f]{32}-[0-9a-f]{16}-0[02]"
            attempt.end(200, null)
            request.end(completed())
            exporter.finishedSpanItems.shouldBeEmpty()
        }
    }

    @Test
    fun `switched off, a client's trace passes through untouched`() {
        val passing = Tracing.OFF.start("chat", "auto", TraceHeaders("anything", "state"))
        passing.traceId shouldBe null
        passing.headers shouldBe TraceHeaders("anything", "state")
        passing.attempt(1, "small", "small/a", "openai").headers shouldBe TraceHeaders("anything", "state")
        Tracing.OFF
            .start("chat", "auto", TraceHeaders.NONE)
            .headers.traceparent shouldBe null
    }
}
