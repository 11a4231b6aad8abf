package routercluster.policy.config.raw

import routercluster.policy.OtlpProtocol
import routercluster.policy.config.Section
import routercluster.policy.config.Text

/** The section `observability.tracing`. Null means that the file does not say. */
internal class RawTracing(
    val enabled: Boolean?,
    val endpoint: Text?,
    val insecure: Boolean,
    val protocol: OtlpProtocol?,
    val sampling: Sampling?,
    val rate: Double?,
    val serviceName: String?,
    val resource: Map<String, String>,
)

internal enum class Sampling { ALWAYS_ON, ALWAYS_OFF, PROBABILISTIC }

internal fun readTracing(section: Section): RawTracing {
    section.oneOf("provider", mapOf("opentelemetry" to Unit))
    val exporter = section.section("exporter")
    exporter?.oneOf("type", mapOf("otlp" to Unit), later = listOf("stdout"))
    val sampling = section.section("sampling")
    val chosen = sampling?.oneOf("type", Sampling.entries.associateBy { it.name.lowercase() })
    val rate = sampling?.double("rate", 0.0..1.0)
    if (rate != null && chosen != null && chosen != Sampling.PROBABILISTIC) {
        sampling.problems.notice(sampling.at("rate"), "has no effect: the type is ${chosen.name.lowercase()}", "$rate")
    }
    val resource = section.section("resource")
    return RawTracing(
        section.boolean("enabled"),
        exporter?.text("endpoint"),
        exporter?.boolean("insecure") ?: false,
        exporter?.oneOf("protocol", OtlpProtocol.entries.associateBy { it.label }),
        chosen,
        rate,
        resource?.string("service_name"),
        listOfNotNull(
            resource?.string("service_version")?.let { "service.version" to it },
            resource?.string("deployment_environment")?.let { "deployment.environment.name" to it },
        ).toMap(),
    )
}
