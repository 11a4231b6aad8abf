package routercluster.policy.config.prove

import routercluster.policy.catalog.AnswerParser
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Problems
import routercluster.policy.config.format.Feature
import routercluster.policy.config.raw.RawExternal
import routercluster.policy.models.Model
import routercluster.policy.models.Secret
import routercluster.policy.models.Upstream
import java.time.Duration

private const val TIMEOUT_SECONDS_DEFAULT = 5.0
private const val MAX_TOKENS_DEFAULT = 512

/**
 * The external models by name. Those that memory would ask wait for it; a notice tells of others that nothing asks.
 *
 * @param isGuarded whether the prompt guard asks one
 */
internal fun proveExternals(raw: List<RawExternal>, isGuarded: Boolean, problems: Problems): Map<String, ExternalModel> {
    refuseDuplicates(raw.map { it.name }, "external model", problems)
    val asked = setOfNotNull(
        ExternalModel.Role.CLASSIFICATION,
        ExternalModel.Role.PREFERENCE,
        ExternalModel.Role.GUARDRAIL.takeIf { isGuarded },
    )
    val (remembering, others) = raw.filter { it.role !in asked }.partition { it.role in memoryRoles }
    remembering.forEach { problems.inactive(Feature.MEMORY, it.name.at) }
    others.forEach { problems.notice(it.name.at, "is not asked: ${unasked(it.role)}", it.name.value) }
    return raw.mapNotNull { prove(it, problems) }.associateBy { it.name }
}

private val memoryRoles = setOf(ExternalModel.Role.MEMORY_REWRITE, ExternalModel.Role.MEMORY_EXTRACTION)

private fun unasked(role: ExternalModel.Role): String =
    if (role == ExternalModel.Role.GUARDRAIL) {
        "modules.prompt_guard has no protocol"
    } else {
        "nothing in this version has a use for a ${role.name.lowercase()} model"
    }

private fun prove(raw: RawExternal, problems: Problems): ExternalModel? {
    val tls = raw.protocol == "https"
    val address = parseHostPort(raw.address.value, raw.port ?: if (tls) 443 else 80)
    if (address == null) problems.add(raw.address.at, "is not an address", raw.address.value, "a host name or an IP address")
    val guards = raw.role == ExternalModel.Role.GUARDRAIL
    if (raw.parser == AnswerParser.QWEN3GUARD && !guards) {
        problems.add(raw.parserAt, "goes only with model_role guardrail", "qwen3guard", "auto, json, simple")
    }
    raw.promptTemplate?.let {
        if (ExternalModel.PROMPT.findAll(it.value).count() != 1 || "{{" in ExternalModel.PROMPT.replace(it.value, "")) {
            problems.add(it.at, "is not a template that can be used", accepted = "a text that holds {{ .Prompt }} once and no other {{")
        }
    }
    raw.ownTemplate?.let { problems.notice(it, "has no effect: chat completions apply the model's chat template", "false") }
    if (raw.threshold != null && !guards) {
        problems.notice(raw.thresholdAt, "has no effect: conditions and rules have thresholds of their own", "${raw.threshold}")
    }
    raw.key?.let { proveHeaderValue(it.reveal(), raw.name.at, problems) }
    if (address == null) return null
    return ExternalModel(
        raw.name.value,
        raw.role,
        Endpoint(tls, address.host, address.port, key = raw.key),
        raw.model,
        Duration.ofMillis(((raw.timeoutSeconds ?: TIMEOUT_SECONDS_DEFAULT) * MILLIS).toLong()),
        raw.promptTemplate?.value,
        raw.parser ?: AnswerParser.AUTO,
        raw.threshold,
        raw.maxTokens ?: MAX_TOKENS_DEFAULT,
        raw.temperature ?: 0.0,
    )
}

private const val MILLIS = 1_000

/** The policy's own [models] as selectors may ask them, by name: over chat completions, at their first upstream. */
internal fun advisersOf(models: Map<String, Model>): Map<String, ExternalModel> =
    models.mapNotNull { (name, model) -> model.upstreams.firstOrNull()?.let { name to adviserOf(name, it) } }.toMap()

private fun adviserOf(name: String, upstream: Upstream): ExternalModel {
    val credential = upstream.credential?.let { mapOf(it.header to Secret(it.prefix + it.secret.reveal())) }.orEmpty()
    val headers = upstream.headers.mapValues { Secret(it.value) } + credential
    return ExternalModel(
        "prompt:$name",
        ExternalModel.Role.CLASSIFICATION,
        Endpoint(upstream.tls, upstream.host, upstream.port, headers = headers),
        upstream.model,
        Duration.ofMillis((TIMEOUT_SECONDS_DEFAULT * MILLIS).toLong()),
        parser = AnswerParser.JSON,
        maxTokens = ADVICE_TOKENS_MAX,
        chatPath = upstream.pathFor(Upstream.CHAT_COMPLETIONS),
    )
}

/** A name and a sentence of reasons; a model that thinks aloud needs some more. */
private const val ADVICE_TOKENS_MAX = 1_024
