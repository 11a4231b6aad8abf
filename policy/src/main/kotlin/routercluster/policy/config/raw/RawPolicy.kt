package routercluster.policy.config.raw

import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.listenerFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.formerRootKeys
import routercluster.policy.signals.SignalFamily
import java.time.Duration

/**
 * A policy file as written: every value has the right type and lies in its bounds, but no name is resolved yet. Where a value was
 * wrong it is missing here, and a problem says so.
 */
internal class RawPolicy(
    val listeners: List<RawListener>,
    val providers: RawProviders,
    val routing: RawRouting,
    val entrypoints: List<RawEntrypoint>,
    val recipes: List<RawRecipe>,
    val global: RawGlobal,
    val gateway: RawGateway,
)

internal class RawListener(val name: Text, val address: Text?, val port: Int, val timeout: Duration?, val section: Section)

internal class RawEntrypoint(val modelNames: List<Text>, val recipe: Text?)

internal class RawRecipe(val name: Text, val routing: RawRouting)

/** Reads the whole document, or returns null where its main parts are missing; either way problems tell all. */
internal fun readPolicy(root: Section, families: List<SignalFamily>): RawPolicy? {
    formerRootKeys.forEach { (former, now) -> root.refuse(former, "is a name from before v0.3", accepted = now) }
    val version = root.requiredText("version")
    if (version != null && version.value != FORMAT_VERSION) {
        root.problems.add(version.at, "is not a version that can be read", version.value, FORMAT_VERSION)
    }
    val listeners = root.sections("listeners").mapNotNull(::readListener)
    val providers = requiredSection(root, "providers")?.let(::readProviders)
    val routing = requiredSection(root, "routing")?.let { readRouting(it, families, cardsBelong = true) }
    val entrypoints = root.sections("entrypoints").map { RawEntrypoint(it.texts("model_names"), it.requiredText("recipe")) }
    val recipes = root.sections("recipes").mapNotNull { readRecipe(it, families) }
    val global = readGlobal(root.section("global"))
    val gateway = readGateway(root.section("gateway"))
    root.close()
    if (providers == null || routing == null) return null
    return RawPolicy(listeners, providers, routing, entrypoints, recipes, global, gateway)
}

private const val FORMAT_VERSION = "v0.3"

private fun requiredSection(root: Section, key: String): Section? {
    val section = root.section(key)
    if (section == null && !root.has(key)) root.problems.add(root.at(key), "is required", accepted = "a mapping, as in every v0.3 document")
    return section
}

private fun readListener(section: Section): RawListener? {
    section.readInactive(listenerFormat)
    val name = section.requiredText("name")
    val address = section.text("address")
    val port = section.int("port", 0..65_535)
    val timeout = section.duration("timeout", Duration.ofMillis(1)..Duration.ofHours(24))
    if (!section.has("port")) section.problems.add(section.at("port"), "is required", accepted = "a port, or 0 for any that is free")
    return if (name == null || port == null) null else RawListener(name, address, port, timeout, section)
}

private fun readRecipe(section: Section, families: List<SignalFamily>): RawRecipe? {
    val name = section.requiredText("name")
    section.string("description")
    val routing = requiredSection(section, "routing")?.let { readRouting(it, families, cardsBelong = false) }
    return if (name == null || routing == null) null else RawRecipe(name, routing)
}
