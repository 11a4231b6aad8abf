package routercluster.telemetry

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.maps.shouldContainAll
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.assertTimeoutPreemptively
import routercluster.policy.OtlpProtocol
import routercluster.policy.TracingSettings
import java.time.Duration

/** Tracing as policy and environment set it up, up to a collector. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TracingSetupTest {
    private val collector = Collector()
    private val at = "http://127.0.0.1:${collector.port}"

    @AfterAll
    fun close() = collector.close()

    /** What arrives of one request's span; null where nothing does. */
    private fun exported(settings: TracingSettings?, vararg environment: Pair<String, String>): Export? {
        openTracing(settings, mapOf(*environment)::get).use { it.start("chat", "auto", TraceHeaders.NONE).end(completed()) }
        return collector.next()
    }

    private val endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT" to at
    private val tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" to "$at/posted/here"
    private val grpc = "OTEL_EXPORTER_OTLP_PROTOCOL" to "grpc"

    @Test
    fun `spans go where policy or environment say, the policy first`() {
        val rows =
            listOf(
                Row(TracingSettings(endpoint = at), emptyList(), "http /v1/traces"),
                Row(TracingSettings(endpoint = "$at/"), emptyList(), "http /v1/traces"),
                Row(TracingSettings(endpoint = "$at/posted/there"), emptyList(), "http /posted/there"),
                Row(TracingSettings(endpoint = at, protocol = OtlpProtocol.GRPC), emptyList(), "grpc $GRPC"),
                Row(null, listOf(endpoint), "http /v1/traces"),
                Row(null, listOf(endpoint, grpc), "grpc $GRPC"),
                Row(null, listOf(tracesEndpoint), "http /posted/here"),
                Row(null, listOf(tracesEndpoint, "OTEL_EXPORTER_OTLP_ENDPOINT" to "http://127.0.0.1:9"), "http /posted/here"),
                Row(null, listOf(endpoint, grpc, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" to "http/protobuf"), "http /v1/traces"),
                Row(TracingSettings(), listOf(endpoint), "http /v1/traces"),
                Row(TracingSettings(endpoint = at), listOf(tracesEndpoint), "http /v1/traces"),
                Row(TracingSettings(endpoint = at), listOf(grpc), "grpc $GRPC"),
                Row(TracingSettings(endpoint = at, protocol = OtlpProtocol.HTTP), listOf(grpc), "http /v1/traces"),
                Row(null, listOf("OTEL_EXPORTER_OTLP_ENDPOINT" to " "), null),
                Row(null, emptyList(), null),
                Row(null, listOf(endpoint, "OTEL_TRACES_EXPORTER" to "none"), null),
                Row(null, listOf(endpoint, "OTEL_SDK_DISABLED" to "true"), null),
                Row(TracingSettings(endpoint = at), listOf("OTEL_TRACES_EXPORTER" to "none"), "http /v1/traces"),
                Row(TracingSettings(endpoint = at), listOf("OTEL_SDK_DISABLED" to "TRUE"), null),
                Row(TracingSettings(enabled = false, endpoint = at), listOf(endpoint), null),
            )
        for (row in rows) {
            withClue("$row") {
                exported(row.settings, *row.environment.toTypedArray())?.let { "${it.protocol} ${it.path}" } shouldBe
                    row.arrives
            }
        }
    }

    private data class Row(val settings: TracingSettings?, val environment: List<Pair<String, String>>, val arrives: String?)

    @Test
    fun `the usual port of gRPC means gRPC where nobody says`() {
        val rows =
            listOf(
                "http://collector:4317" to "grpc",
                "https://collector:4317/" to "grpc",
                "http://collector:4318" to "http/protobuf",
                "http://collector:43170" to "http/protobuf",
                "https://collector/4317" to "http/protobuf",
            )
        for ((endpoint, protocol) in rows) {
            withClue(endpoint) {
                tracingProperties(TracingSettings(endpoint = endpoint)) { null }?.get("otel.exporter.otlp.traces.protocol") shouldBe
                    protocol
            }
        }
    }

    @Test
    fun `headers and resource attributes travel with the spans`() {
        for (protocol in listOf("grpc", "http/protobuf")) {
            val export =
                exported(
                    null,
                    endpoint,
                    "OTEL_EXPORTER_OTLP_PROTOCOL" to protocol,
                    "OTEL_EXPORTER_OTLP_HEADERS" to "authorization=Bearer%20k-1,x-tenant=a",
                    "OTEL_RESOURCE_ATTRIBUTES" to "deployment.environment.name=test,service.version=1",
                ).shouldNotBeNull()
            withClue(protocol) {
                export.headers.get("authorization") shouldBe "Bearer k-1"
                export.headers.get("x-tenant") shouldBe "a"
                export.resource shouldContainAll
                    mapOf("service.name" to "routercluster", "deployment.environment.name" to "test", "service.version" to "1")
            }
        }
    }

    @Test
    fun `a service is named by the policy, then by the environment`() {
        val policy = TracingSettings(endpoint = at, serviceName = "edge", resource = mapOf("service.version" to "7"))
        val named = arrayOf("OTEL_SERVICE_NAME" to "named", "OTEL_RESOURCE_ATTRIBUTES" to "service.name=attributed,service.version=1")
        exported(policy, *named)?.resource.shouldNotBeNull() shouldContainAll mapOf("service.name" to "edge", "service.version" to "7")
        exported(null, endpoint, *named)?.resource?.get("service.name") shouldBe "named"
        exported(null, endpoint, named[1])?.resource?.get("service.name") shouldBe "attributed"
    }

    @Test
    fun `the share of traces is the policy's, then the environment's`() {
        val never = "OTEL_TRACES_SAMPLER" to "always_off"
        val rare = arrayOf("OTEL_TRACES_SAMPLER" to "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG" to "0.0")
        exported(null, endpoint, never) shouldBe null
        exported(null, endpoint, *rare) shouldBe null
        exported(TracingSettings(endpoint = at, sampleRate = 1.0), never)?.spans?.size shouldBe 1
        exported(TracingSettings(endpoint = at, sampleRate = 0.0), "OTEL_TRACES_SAMPLER" to "always_on") shouldBe null
    }

    @Test
    fun `long attribute values are cut`() {
        openTracing(
            TracingSettings(endpoint = at),
        ) { null }.use { it.start("chat", "m".repeat(10_000), TraceHeaders.NONE).end(completed()) }
        val attributes = collector
            .next()
            ?.spans
            .shouldNotBeNull()
            .single()
            .attributesList
        attributes
            .single { it.key == "gen_ai.original.model" }
            .value.stringValue.length shouldBe 256
    }

    @Test
    fun `a value that is not taken is named, a header's is not shown`() {
        val rows =
            listOf(
                ("OTEL_TRACES_SAMPLER" to "sometimes") to "otel.traces.sampler",
                ("OTEL_TRACES_EXPORTER" to "zipkin") to "zipkin",
                ("OTEL_EXPORTER_OTLP_PROTOCOL" to "pigeon") to "pigeon",
                ("OTEL_EXPORTER_OTLP_TIMEOUT" to "soon") to "otel.exporter.otlp.timeout",
                ("OTEL_EXPORTER_OTLP_HEADERS" to "sk-secret") to "OTEL_EXPORTER_OTLP_HEADERS",
                ("OTEL_EXPORTER_OTLP_HEADERS" to "authorization=sk-secret%zz") to "OTEL_EXPORTER_OTLP_HEADERS",
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" to "collector:4318") to "collector:4318",
            )
        for ((variable, named) in rows) {
            withClue("$variable") {
                val wrong = shouldThrow<InvalidTracing> { openTracing(null, mapOf(endpoint, variable)::get) }
                wrong.message shouldContain named
                generateSequence<Throwable>(wrong) { it.cause }.forEach { it.toString() shouldNotContain "sk-secret" }
            }
        }
    }

    @Test
    fun `an endpoint that is down disturbs nobody`() {
        for (protocol in OtlpProtocol.entries) {
            assertTimeoutPreemptively(Duration.ofSeconds(60)) {
                openTracing(TracingSettings(endpoint = "http://127.0.0.1:9", protocol = protocol)) { null }.use { down ->
                    repeat(SPANS_BEYOND_THE_QUEUE) { down.start("chat", "auto", TraceHeaders.NONE).end(completed()) }
                }
            }
        }
    }

    private companion object {
        const val GRPC = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        const val SPANS_BEYOND_THE_QUEUE = 8_192
    }
}
