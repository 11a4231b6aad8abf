package routercluster.gateway.pipeline

import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.opentelemetry.api.common.AttributeKey.booleanKey
import io.opentelemetry.api.common.AttributeKey.longKey
import io.opentelemetry.api.common.AttributeKey.stringArrayKey
import io.opentelemetry.api.trace.SpanKind
import io.opentelemetry.api.trace.StatusCode
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter
import io.opentelemetry.sdk.trace.SdkTracerProvider
import io.opentelemetry.sdk.trace.data.SpanData
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.testHeads
import routercluster.mock.Fault
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm
import routercluster.policy.encode.EncodeFailure
import routercluster.telemetry.OpenTelemetryTracing
import routercluster.telemetry.RouterEvent

class SpansTest {
    private val exporter = InMemorySpanExporter.create()
    private val tracing = OpenTelemetryTracing(SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(exporter)).build())
    private val trace = "0af7651916cd43dd8448eb211c80319c"
    private val parent = "b7ad6b7169203331"

    @Test
    fun `a request has one span, with a child for each attempt, and continues the client's trace`() {
        val decisions = mapOf("both" to "modelRefs: [{model: large}, {model: small}]")
        mockLlm().use { mock ->
            TestGateway(policyText(mock.port, decisions), tracing = tracing).use { router ->
                mock.next(Script(fault = Fault.Status(500)))
                router.chat("both", "traceparent" to "00-$trace-$parent-01", "tracestate" to "a=b").status shouldBe 200
                router.heard.await<RouterEvent.Left>()

                val spans = exporter.finishedSpanItems
                val request = spans.single { it.kind == SpanKind.SERVER }
                (request.traceId to request.parentSpanId) shouldBe (trace to parent)
                request.name shouldBe "chat small"
                val attempts = spans.filter { it.kind == SpanKind.CLIENT }
                attempts.map { it.name to it.attribute("router.attempt") } shouldContainExactlyInAnyOrder
                    listOf("chat large" to 1L, "chat small" to 2L)
                attempts.map { it.attribute("http.response.status_code") } shouldBe listOf(500L, 200L)
                attempts.forEach { it.parentSpanId shouldBe request.spanId }
                mock.seen.map { it.headers.get("traceparent") } shouldBe attempts.map { "00-$trace-${it.spanId}-01" }
                mock.seen.map { it.headers.get("tracestate") } shouldBe listOf("a=b", "a=b")
            }
        }
    }

    @Test
    fun `the attempt that is a hedge says so, also where it is lost`() {
        val hedging = "{forwarding: {hedge_after: 20ms, hedge_percent_max: 100}}"
        mockLlm().use { mock ->
            TestGateway(policyText(mock.port, gateway = hedging), tracing = tracing).use { router ->
                mock.next(Script(fault = Fault.Silence()))
                router.chat("Hello").status shouldBe 200
                router.heard.await<RouterEvent.Left>(1)
                mock.next(Script(fault = Fault.Silence()), times = 2)
                val client = router.leaver("Hello")
                mock.awaitRequests(4)
                client.close()
                router.heard.await<RouterEvent.Left>(2)
                val attempts = exporter.finishedSpanItems.filter { it.kind == SpanKind.CLIENT }
                attempts.map { it.attribute("router.attempt") to it.attributes[booleanKey("router.hedge")] } shouldContainExactlyInAnyOrder
                    listOf(1L to null, 2L to true, 1L to null, 2L to true)
                router.heard.of<RouterEvent.AttemptEnded>().map { it.hedge } shouldContainExactlyInAnyOrder listOf(false, true, false, true)
            }
        }
    }

    @Test
    fun `asking encoders is a span of its own, without a word of the prompt`() {
        val encoder = ScriptedEncoder("default", testHeads)
        val law = mapOf("any" to "modelRefs: [{model: small}]")
        mockLlm().use { mock ->
            val text = policyText(mock.port, law, signals = "classifiers: [{name: law}]")
                .replace("decisions:\n", "decisions:\n    - {name: lawyer, priority: 5, rules: {type: classifier, name: law}}\n")
            TestGateway(text, tracing = tracing, encoders = { encoder }).use { router ->
                while (router.admin("/readyz").status != 200) Thread.onSpinWait()
                router.chat("a question of law").status shouldBe 200
                encoder.failure = EncodeFailure.Overloaded("the queue is full")
                router.chat("a question of law").status shouldBe 200
                router.heard.await<RouterEvent.Left>(2)
                val spans = exporter.finishedSpanItems
                val (answered, failed) = spans.filter { it.name == "encode" }
                listOf("texts", "windows", "batch").map { answered.attribute("router.encode.$it") } shouldBe listOf(1L, 1L, 1L)
                answered.attribute("router.encode.tokens") shouldBe 5L
                answered.attributes[stringArrayKey("router.encode.heads")] shouldBe listOf("default/domain")
                answered.parentSpanId shouldBe spans.first { it.kind == SpanKind.SERVER }.spanId
                (failed.status.statusCode to failed.status.description) shouldBe (StatusCode.ERROR to "the queue is full")
                spans.none { "question" in "${it.attributes} ${it.name} ${it.events}" } shouldBe true
            }
        }
    }

    @Test
    fun `every span ends, whatever becomes of its request`() {
        mockLlm().use { mock ->
            TestGateway(policyText(mock.port), tracing = tracing).use { router ->
                router.chat("Hello", model = "none").status shouldBe 404
                router.post(TestGateway.CHAT, "{").status shouldBe 400
                router.get("/v1/models").status shouldBe 200
                mock.next(Script(fault = Fault.Silence()))
                val client = router.leaver("Hello")
                mock.awaitRequests(1)
                client.close()
                router.heard.await<RouterEvent.Left>(4)
                val spans = exporter.finishedSpanItems
                spans.filter { it.kind == SpanKind.SERVER }.map { it.name to it.attribute("http.response.status_code") } shouldBe
                    listOf("chat" to 404L, "chat" to 400L, "models" to 200L, "chat" to 499L)
                spans.count { it.kind == SpanKind.CLIENT } shouldBe 1
            }
        }
    }

    private fun SpanData.attribute(name: String): Long? = attributes[longKey(name)]
}
