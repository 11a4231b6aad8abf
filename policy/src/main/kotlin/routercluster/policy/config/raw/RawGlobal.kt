package routercluster.policy.config.raw

import routercluster.policy.Strategy
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.laterGlobals
import routercluster.policy.config.laterRouterKeys
import routercluster.policy.config.laterServices

/** What is built of the `global` section; empty where the file has none. */
internal class RawGlobal(
    val strategy: Strategy? = null,
    val autoModelName: Text? = null,
    val autoModelNames: List<Text> = emptyList(),
    val listModels: Boolean? = null,
    val clearRouteCache: Boolean? = null,
    val authzFailOpen: Boolean? = null,
    val userHeader: Text? = null,
    val groupsHeader: Text? = null,
    val tracing: RawTracing? = null,
    val metrics: Boolean? = null,
    val catalog: RawCatalog = RawCatalog(),
)

internal class RawTracing(
    val enabled: Boolean,
    val endpoint: Text?,
    val insecure: Boolean,
    val sampling: Sampling?,
    val rate: Double?,
    val serviceName: String?,
)

internal enum class Sampling { ALWAYS_ON, ALWAYS_OFF, PROBABILISTIC }

internal fun readGlobal(section: Section?): RawGlobal {
    if (section == null) return RawGlobal()
    laterGlobals.forEach { (key, children) ->
        section.section(key)?.notSupportedYet(*children)
    }
    val router = section.section("router")
    router?.notSupportedYet(*laterRouterKeys)
    router?.oneOf("config_source", mapOf("file" to Unit), later = listOf("kubernetes"))
    val services = section.section("services")
    services?.notSupportedYet(*laterServices)
    val observability = services?.section("observability")
    val metrics = observability?.section("metrics")
    metrics?.notSupportedYet("windowed_metrics")
    val authz = services?.section("authz")
    authz?.notSupportedYet("providers")
    val identity = authz?.section("identity")
    return RawGlobal(
        router?.oneOf("strategy", strategies),
        router?.text("auto_model_name"),
        router?.texts("auto_model_names").orEmpty(),
        router?.boolean("include_config_models_in_list"),
        router?.boolean("clear_route_cache"),
        authz?.boolean("fail_open"),
        identity?.text("user_id_header"),
        identity?.text("user_groups_header"),
        observability?.section("tracing")?.let(::readTracing),
        metrics?.boolean("enabled"),
        readCatalog(section.section("model_catalog")),
    )
}

private fun readTracing(section: Section): RawTracing {
    section.oneOf("provider", mapOf("opentelemetry" to Unit))
    val exporter = section.section("exporter")
    exporter?.oneOf("type", mapOf("otlp" to Unit), later = listOf("stdout"))
    val sampling = section.section("sampling")
    val resource = section.section("resource")
    resource?.notSupportedYet("service_version", "deployment_environment")
    val tracing =
        RawTracing(
            section.boolean("enabled") ?: true,
            exporter?.text("endpoint"),
            exporter?.boolean("insecure") ?: false,
            sampling?.oneOf("type", Sampling.entries.associateBy { it.name.lowercase() }),
            sampling?.double("rate", 0.0..1.0),
            resource?.text("service_name")?.value,
        )
    if (tracing.enabled && exporter?.has("endpoint") != true) {
        section.problems.add(
            exporter?.at("endpoint") ?: section.at("exporter"),
            "is required while tracing is enabled",
            accepted = "an OTLP endpoint under exporter.endpoint, such as localhost:4317",
        )
    }
    return tracing
}
