package routercluster.policy.config.raw

import routercluster.policy.cache.CacheSettings
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.format.Status
import routercluster.policy.config.format.checkAll
import routercluster.policy.config.format.formerPlugins
import routercluster.policy.config.format.isOn
import routercluster.policy.config.format.pluginFormat
import routercluster.policy.plugins.Plugin

/** One entry of a decision's `plugins`. */
internal class RawPlugin(val type: Text, val enabled: Boolean, val settings: RawPluginSettings)

internal sealed interface RawPluginSettings {
    /** Checked, and does nothing. */
    data object NotBuilt : RawPluginSettings

    class FastResponse(val message: Text?) : RawPluginSettings

    class RequestParams(val blocked: List<Text>, val maxTokensLimit: Int?, val maxN: Int?, val stripUnknown: Boolean) : RawPluginSettings

    class SystemPrompt(val prompt: Text?, val mode: Plugin.SystemPrompt.Mode?) : RawPluginSettings

    /**
     * @property similarityAt null where none is written
     * @property worthAt what counts only while room is given by cost
     */
    class ResponseCache(
        val settings: CacheSettings,
        val maxError: Double?,
        val maxRisk: Double?,
        val judge: Text?,
        val errorAt: Location,
        val riskAt: Location,
        val similarityAt: Location?,
        val worthAt: List<Location>,
    ) :
        RawPluginSettings

    class HeaderMutation(
        val at: Location,
        val add: List<RawHeader>,
        val update: List<RawHeader>,
        val delete: List<Text>,
    ) : RawPluginSettings
}

/** @property valueAt where the value stands; the value itself may be a secret and is not shown */
internal class RawHeader(val name: Text, val value: String, val valueAt: Location)

private val readers: Map<String, (Section) -> RawPluginSettings> =
    mapOf(
        "fast_response" to { RawPluginSettings.FastResponse(it.requiredText("message")) },
        "request_params" to ::readRequestParams,
        "system_prompt" to ::readSystemPrompt,
        "header_mutation" to ::readHeaderMutation,
        "response_cache" to ::readResponseCache,
    )

internal fun readPlugin(section: Section): RawPlugin? {
    val cases = pluginFormat.cases?.byValue.orEmpty()
    val type = section.requiredText("type")?.let { currentName(it, section.problems) }
    val case = type?.let { choose(it, cases, emptyList(), section.problems) }
    if (type == null || case == null) {
        section.passOver()
        return null
    }
    val configuration = section.section("configuration")
    if (configuration == null) {
        if (!section.has("configuration")) section.problems.add(section.at("configuration"), "is required", accepted = "a mapping")
        return null
    }
    val status = case.status
    if (status is Status.NotBuilt) {
        configuration.checkAll(case.fields)
        if (configuration.isOn(case.fields)) section.problems.inactive(status.feature, type.at)
        return RawPlugin(type, enabled = false, RawPluginSettings.NotBuilt)
    }
    val enabled = configuration.boolean("enabled") ?: true
    return RawPlugin(type, enabled, readers.getValue(type.value)(configuration))
}

/** The seed still takes former names here, so they are taken too and said to be former. */
private fun currentName(type: Text, problems: Problems): Text {
    val now = formerPlugins[type.value] ?: return type
    problems.notice(type.at, "is a name from before v0.3 and is taken for $now", type.value)
    return type.copy(value = now)
}

private fun readRequestParams(section: Section) =
    RawPluginSettings.RequestParams(
        section.texts("blocked_params"),
        section.int("max_tokens_limit", 1..1_000_000_000),
        section.int("max_n", 1..1_000),
        section.boolean("strip_unknown") ?: false,
    )

private val promptModes = Plugin.SystemPrompt.Mode.entries
    .associateBy { it.name.lowercase() }

private fun readSystemPrompt(section: Section) =
    RawPluginSettings.SystemPrompt(section.requiredText("system_prompt"), section.oneOf("mode", promptModes))

private fun readHeaderMutation(section: Section) =
    RawPluginSettings.HeaderMutation(
        section.here,
        section.sections("add").mapNotNull(::readHeader),
        section.sections("update").mapNotNull(::readHeader),
        section.texts("delete"),
    )

private fun readHeader(section: Section): RawHeader? {
    val name = section.requiredText("name")
    val value = section.secret("value")
    if (!section.has("value")) section.problems.add(section.at("value"), "is required", accepted = "a non-empty string")
    return if (name == null || value == null) null else RawHeader(name, value.reveal(), section.at("value"))
}
