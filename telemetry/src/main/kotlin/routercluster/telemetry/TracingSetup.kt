package routercluster.telemetry

import io.opentelemetry.api.common.Attributes
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException
import io.opentelemetry.sdk.resources.Resource
import routercluster.policy.OtlpProtocol
import routercluster.policy.TracingSettings

/** Tracing cannot be set up as asked. [message] names the setting and holds no secret. */
class InvalidTracing(override val message: String) : RuntimeException(message)

/**
 * The tracing that a policy and OpenTelemetry's standard environment variables ask for; what the policy says wins, except over
 * `OTEL_SDK_DISABLED`. Without either there is none. Spans are sent in batches from a background thread: a collector that is down
 * or slow costs spans, never requests.
 *
 * @param settings null where the policy has no such section
 * @throws InvalidTracing for a value that OpenTelemetry does not take
 */
fun openTracing(settings: TracingSettings?, environment: (String) -> String?): Tracing {
    val properties = tracingProperties(settings, environment) ?: return Tracing.OFF
    val resource = Attributes.builder()
    settings?.resource?.forEach { (name, value) -> resource.put(name, value) }
    val sdk =
        try {
            AutoConfiguredOpenTelemetrySdk
                .builder()
                .addPropertiesCustomizer { properties }
                .addResourceCustomizer { found, _ -> found.merge(Resource.create(resource.build())) }
                .disableShutdownHook()
                .build()
                .openTelemetrySdk
        } catch (wrong: ConfigurationException) {
            throw InvalidTracing(safe(wrong.message.orEmpty()))
        }
    return OpenTelemetryTracing(sdk.sdkTracerProvider)
}

private const val DEFAULT_SERVICE_NAME = "routercluster"

/** What holds where nobody says otherwise: batches soon, a bounded queue, and no long texts. */
private val defaults =
    mapOf(
        "otel.bsp.schedule.delay" to "1000",
        "otel.bsp.max.queue.size" to "4096",
        "otel.bsp.export.timeout" to "10000",
        "otel.span.attribute.value.length.limit" to "256",
    )

/** Metrics are scraped, logs are written to standard error, and trace headers are read and written by the spans themselves. */
private val settled = mapOf("otel.metrics.exporter" to "none", "otel.logs.exporter" to "none", "otel.propagators" to "none")

private const val ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
private const val TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"

/** The variables that count. Each is a property of the SDK too, with dots and in lower case. */
private val variables =
    listOf("ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")
        .flatMap { listOf("OTEL_EXPORTER_OTLP_$it", "OTEL_EXPORTER_OTLP_TRACES_$it") } +
        listOf("SCHEDULE_DELAY", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE", "EXPORT_TIMEOUT").map { "OTEL_BSP_$it" } +
        listOf(
            "OTEL_SERVICE_NAME",
            "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_TRACES_EXPORTER",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        )

/** The SDK's properties; null where nothing is to be traced. */
internal fun tracingProperties(settings: TracingSettings?, environment: (String) -> String?): Map<String, String>? {
    val said = variables.mapNotNull { name -> environment(name)?.takeIf { it.isNotBlank() }?.let { name to it } }.toMap()
    if (environment("OTEL_SDK_DISABLED")?.trim().equals("true", ignoreCase = true) || !isWanted(settings, said)) return null
    val protocol = protocol(settings, said)
    return buildMap {
        putAll(defaults)
        said.forEach { (name, value) -> put(name.lowercase().replace('_', '.'), value) }
        putAll(settled)
        put("otel.exporter.otlp.traces.protocol", protocol)
        serviceName(settings, said)?.let { put("otel.service.name", it) }
        if (settings != null) put("otel.traces.exporter", "otlp")
        settings?.endpoint?.let {
            put(
                "otel.exporter.otlp.traces.endpoint",
                if (protocol ==
                    OtlpProtocol.GRPC.label
                ) {
                    it
                } else {
                    tracesUrl(it)
                },
            )
        }
        settings?.sampleRate?.let {
            put("otel.traces.sampler", "parentbased_traceidratio")
            put("otel.traces.sampler.arg", it.toString())
        }
    }
}

private fun isWanted(settings: TracingSettings?, said: Map<String, String>): Boolean {
    if (settings != null) return settings.enabled
    val exporter = said["OTEL_TRACES_EXPORTER"]
    return if (exporter == null) ENDPOINT in said || TRACES_ENDPOINT in said else exporter.trim() != "none"
}

/** Where nobody says, the port tells: 4317 is gRPC's. */
private fun protocol(settings: TracingSettings?, said: Map<String, String>): String {
    val endpoint = settings?.endpoint ?: said[TRACES_ENDPOINT] ?: said[ENDPOINT]
    val told = settings?.protocol?.label ?: said["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] ?: said["OTEL_EXPORTER_OTLP_PROTOCOL"]
    val isGrpcPort = endpoint != null && endpoint.substringAfter("://").substringBefore('/').endsWith(":4317")
    return told ?: if (isGrpcPort) OtlpProtocol.GRPC.label else OtlpProtocol.HTTP.label
}

/** Null leaves the name to the resource attributes. */
private fun serviceName(settings: TracingSettings?, said: Map<String, String>): String? {
    val attributes = said["OTEL_RESOURCE_ATTRIBUTES"].orEmpty().split(',').map { it.substringBefore('=').trim() }
    return settings?.serviceName ?: said["OTEL_SERVICE_NAME"] ?: DEFAULT_SERVICE_NAME.takeIf { "service.name" !in attributes }
}

/** The URL that spans are posted to: a policy's endpoint need not name the path. */
private fun tracesUrl(endpoint: String): String {
    val base = endpoint.removeSuffix("/")
    return if ('/' in base.substringAfter("://")) base else "$base/v1/traces"
}

/** What is wrong with headers is said by the SDK with their values, and those are keys. */
private fun safe(message: String): String =
    if ("header" in message) "OTEL_EXPORTER_OTLP_HEADERS: wrong value; accepted: name=value, name=value" else message
