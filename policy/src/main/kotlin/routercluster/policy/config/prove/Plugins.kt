package routercluster.policy.config.prove

import routercluster.policy.catalog.Catalog
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawHeader
import routercluster.policy.config.raw.RawPlugin
import routercluster.policy.config.raw.RawPluginSettings
import routercluster.policy.plugins.Plugin
import routercluster.policy.plugins.problems
import routercluster.policy.request.BodyEdits

/**
 * The plugins of one decision that are switched on; those that are off are checked all the same.
 *
 * @param catalog the external models that may be asked
 * @param credentialHeaders names under which upstreams get their keys
 */
internal fun provePlugins(raw: List<RawPlugin>, credentialHeaders: Set<String>, catalog: Catalog, problems: Problems): List<Plugin> {
    refuseDuplicates(raw.map { it.type }, "plugin of this decision", problems)
    return raw.mapNotNull { plugin -> provePlugin(plugin.settings, credentialHeaders, catalog, problems).takeIf { plugin.enabled } }
}

private fun provePlugin(raw: RawPluginSettings, credentialHeaders: Set<String>, catalog: Catalog, problems: Problems): Plugin? =
    when (raw) {
        RawPluginSettings.NotBuilt -> {
            null
        }

        is RawPluginSettings.FastResponse -> {
            raw.message?.let { Plugin.FastResponse(it.value) }
        }

        is RawPluginSettings.ResponseCache -> {
            proveResponseCache(raw, catalog, problems)
        }

        is RawPluginSettings.SystemPrompt -> {
            raw.prompt?.let { Plugin.SystemPrompt(it.value, raw.mode ?: Plugin.SystemPrompt.Mode.INSERT) }
        }

        is RawPluginSettings.RequestParams -> {
            raw.blocked.filter { it.value in BodyEdits.requiredFields }.forEach {
                problems.add(it.at, "is a parameter that no request can do without", it.value, "any other")
            }
            Plugin.RequestParams(raw.blocked.map { it.value }.toSet(), raw.maxTokensLimit, raw.maxN, raw.stripUnknown)
        }

        is RawPluginSettings.HeaderMutation -> {
            proveHeaders(raw, credentialHeaders, problems)
        }
    }

private const val HEADER_EDITS_MAX = 64

private fun proveHeaders(raw: RawPluginSettings.HeaderMutation, credentialHeaders: Set<String>, problems: Problems): Plugin {
    val edits = raw.add.size + raw.update.size + raw.delete.size
    if (edits !in 1..HEADER_EDITS_MAX) {
        problems.add(raw.at, "has $edits edits", accepted = "1 to $HEADER_EDITS_MAX headers under add, update or delete")
    }
    val names = mapOf("add" to raw.add.map { it.name }, "update" to raw.update.map { it.name }, "delete" to raw.delete)
    names.values.forEach { list -> refuseDuplicates(list.map { it.copy(value = it.value.lowercase()) }, "header", problems) }
    val plugin = Plugin.HeaderMutation(raw.add.map(::header), raw.update.map(::header), raw.delete.map { it.value.lowercase() })
    val places = names.flatMap { (list, texts) -> texts.mapIndexed { index, name -> "$list[$index]" to name } }.toMap()
    val found = plugin.problems(credentialHeaders)
    found.forEach { problem -> places.getValue(problem.place).let { problems.add(it.at, problem.reason, it.value) } }
    if (found.isEmpty()) (raw.add + raw.update).forEach { proveHeaderValue(it.value, it.valueAt, problems) }
    return plugin
}

private fun header(raw: RawHeader): Pair<String, String> = raw.name.value.lowercase() to raw.value
