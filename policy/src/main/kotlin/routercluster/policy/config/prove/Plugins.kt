package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawHeader
import routercluster.policy.config.raw.RawPlugin
import routercluster.policy.config.raw.RawPluginSettings
import routercluster.policy.plugins.Plugin

/** The plugins of one decision that are switched on; those that are off are checked all the same. */
internal fun provePlugins(raw: List<RawPlugin>, problems: Problems): List<Plugin> {
    refuseDuplicates(raw.map { it.type }, "plugin of this decision", problems)
    return raw.mapNotNull { plugin -> provePlugin(plugin.settings, problems).takeIf { plugin.enabled } }
}

private fun provePlugin(raw: RawPluginSettings, problems: Problems): Plugin? =
    when (raw) {
        is RawPluginSettings.FastResponse -> {
            raw.message?.let { Plugin.FastResponse(it.value) }
        }

        is RawPluginSettings.SystemPrompt -> {
            raw.prompt?.let { Plugin.SystemPrompt(it.value, raw.mode ?: Plugin.SystemPrompt.Mode.INSERT) }
        }

        is RawPluginSettings.RequestParams -> {
            raw.blocked.filter { it.value in indispensable }.forEach {
                problems.add(it.at, "is a parameter that no request can do without", it.value, "any other")
            }
            Plugin.RequestParams(raw.blocked.map { it.value }.toSet(), raw.maxTokensLimit, raw.maxN, raw.stripUnknown)
        }

        is RawPluginSettings.HeaderMutation -> {
            proveHeaders(raw, problems)
        }
    }

private val indispensable = setOf("model", "messages")

private const val HEADER_EDITS_MAX = 64

private fun proveHeaders(raw: RawPluginSettings.HeaderMutation, problems: Problems): Plugin {
    val edits = raw.add.size + raw.update.size + raw.delete.size
    if (edits !in 1..HEADER_EDITS_MAX) {
        problems.add(raw.at, "has $edits edits", accepted = "1 to $HEADER_EDITS_MAX headers under add, update or delete")
    }
    return Plugin.HeaderMutation(
        headers(raw.add, problems),
        headers(raw.update, problems),
        names(raw.delete, problems),
    )
}

private fun headers(raw: List<RawHeader>, problems: Problems): List<Pair<String, String>> {
    raw.forEach { proveHeaderValue(it.value, it.valueAt, problems) }
    return names(raw.map { it.name }, problems).zip(raw.map { it.value })
}

private fun names(raw: List<Text>, problems: Problems): List<String> {
    val names = raw.map { name -> name.copy(value = proveHeaderName(name, problems) ?: name.value) }
    refuseDuplicates(names, "header", problems)
    return names.map { it.value }
}
