package routercluster.policy.config.prove

import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawExternal
import java.time.Duration

private const val TIMEOUT_SECONDS_DEFAULT = 5.0
private const val MAX_TOKENS_DEFAULT = 512

/** What signals can refer to. */
private val asked = setOf(ExternalModel.Role.CLASSIFICATION, ExternalModel.Role.PREFERENCE)

/** The external models by name. A notice tells of those that nothing asks. */
internal fun proveExternals(raw: List<RawExternal>, problems: Problems): Map<String, ExternalModel> {
    refuseDuplicates(raw.map { it.name }, "external model", problems)
    raw.filter { it.role !in asked }.forEach {
        problems.notice(
            it.name.at,
            "is not asked: nothing in this version has a use for a ${it.role.name.lowercase()} model",
            it.name.value,
        )
    }
    return raw.mapNotNull { prove(it, problems) }.associateBy { it.name }
}

private fun prove(raw: RawExternal, problems: Problems): ExternalModel? {
    val tls = raw.protocol == "https"
    val address = parseHostPort(raw.address.value, raw.port ?: if (tls) 443 else 80)
    if (address == null) {
        problems.add(raw.address.at, "is not an address", raw.address.value, "a host name or an IP address")
        return null
    }
    return ExternalModel(
        raw.name.value,
        raw.provider ?: "openai",
        raw.role,
        tls,
        address.host,
        address.port,
        raw.model,
        Duration.ofMillis(((raw.timeoutSeconds ?: TIMEOUT_SECONDS_DEFAULT) * 1_000).toLong()),
        raw.chatTemplate ?: false,
        raw.promptTemplate,
        raw.parser,
        raw.threshold,
        raw.key,
        raw.maxTokens ?: MAX_TOKENS_DEFAULT,
        raw.temperature ?: 0.0,
    )
}
