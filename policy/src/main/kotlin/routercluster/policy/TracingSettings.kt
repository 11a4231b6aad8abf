package routercluster.policy

/**
 * What a policy says of tracing. Null and absent mean that it does not say, so that whoever sets tracing up may ask elsewhere.
 *
 * @property endpoint URL of an OTLP collector; the path is for OTLP over HTTP only
 * @property sampleRate 0..1, share of the traces that begin here
 * @property resource more attributes of this service by their OpenTelemetry names
 */
data class TracingSettings(
    val enabled: Boolean = true,
    val endpoint: String? = null,
    val protocol: OtlpProtocol? = null,
    val sampleRate: Double? = null,
    val serviceName: String? = null,
    val resource: Map<String, String> = emptyMap(),
)

/** How spans travel to a collector. [label] is what OpenTelemetry calls it. */
enum class OtlpProtocol(val label: String) {
    GRPC("grpc"),
    HTTP("http/protobuf"),
}
