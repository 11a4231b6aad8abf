package routercluster.policy.config.raw

import routercluster.policy.Strategy
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.authzFormat
import routercluster.policy.config.format.integrationsFormat
import routercluster.policy.config.format.metricsFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.format.routerFormat
import routercluster.policy.config.format.servicesFormat
import routercluster.policy.config.format.storesFormat

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
    val responses: RawResponses? = null,
    val rateLimit: RawRateLimit? = null,
    val catalog: RawCatalog = RawCatalog(),
    val artifacts: RawArtifacts = RawArtifacts(),
    val cache: RawCacheStore? = null,
)

internal fun readGlobal(section: Section?): RawGlobal {
    if (section == null) return RawGlobal()
    val stores = section.section("stores")
    stores?.readInactive(storesFormat)
    section.section("integrations")?.readInactive(integrationsFormat)
    val router = section.section("router")
    router?.readInactive(routerFormat)
    router?.oneOf("config_source", mapOf("file" to Unit), later = listOf("kubernetes"))
    val services = section.section("services")
    services?.readInactive(servicesFormat)
    val observability = services?.section("observability")
    val metrics = observability?.section("metrics")
    metrics?.readInactive(metricsFormat)
    val authz = services?.section("authz")
    authz?.readInactive(authzFormat)
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
        services?.section("response_api")?.let(::readResponses),
        services?.section("ratelimit")?.let(::readRateLimit),
        readCatalog(section.section("model_catalog")),
        readModelSelection(router?.section("model_selection")),
        stores?.section("response_cache")?.let(::readCacheStore),
    )
}
