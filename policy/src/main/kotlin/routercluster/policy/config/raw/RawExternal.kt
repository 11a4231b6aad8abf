package routercluster.policy.config.raw

import routercluster.policy.catalog.AnswerParser
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.models.Secret

/**
 * An entry of `external`.
 *
 * @property ownTemplate where the file says that the model's chat template is not to be used
 */
internal class RawExternal(
    val name: Text,
    val role: ExternalModel.Role,
    val address: Text,
    val port: Int?,
    val protocol: String?,
    val ownTemplate: Location?,
    val promptTemplate: Text?,
    val model: String,
    val timeoutSeconds: Double?,
    val parser: AnswerParser?,
    val parserAt: Location,
    val threshold: Double?,
    val thresholdAt: Location,
    val key: Secret?,
    val maxTokens: Int?,
    val temperature: Double?,
)

private val roles = ExternalModel.Role.entries.associateBy { it.name.lowercase() }
private val protocols = listOf("http", "https").associateWith { it }
private val parsers = AnswerParser.entries.associateBy { it.name.lowercase() }

/** All speak OpenAI's chat completions. */
private val providers = listOf("openai", "openai_compatible", "vllm").associateWith { it }

internal fun readExternal(section: Section): RawExternal? {
    val name = section.requiredText("name")
    val role = section.oneOf("model_role", roles)
    if (!section.has("model_role")) section.problems.add(section.at("model_role"), "is required", accepted = roles.keys.joinToString(", "))
    val endpoint = section.section("llm_endpoint")
    if (endpoint == null) section.problems.add(section.at("llm_endpoint"), "is required", accepted = "a mapping with address and port")
    endpoint?.string("name")
    val address = endpoint?.requiredText("address")
    val model = section.requiredText("llm_model_name")
    section.oneOf("llm_provider", providers, later = listOf("anthropic"))
    val port = endpoint?.int("port", 1..65_535)
    val protocol = endpoint?.oneOf("protocol", protocols)
    val ownTemplate = endpoint?.takeIf { it.boolean("use_chat_template") == false }?.at("use_chat_template")
    val promptTemplate = endpoint?.text("prompt_template")
    val timeout = section.double("llm_timeout_seconds", 0.001..3_600.0)
    val parser = section.oneOf("parser_type", parsers)
    val threshold = section.double("threshold", 0.0..1.0)
    val key = section.secret("access_key")
    val maxTokens = section.int("max_tokens", 1..1_000_000)
    val temperature = section.double("temperature", 0.0..2.0)
    if (name == null || role == null || address == null || model == null) return null
    return RawExternal(
        name,
        role,
        address,
        port,
        protocol,
        ownTemplate,
        promptTemplate,
        model.value,
        timeout,
        parser,
        section.at("parser_type"),
        threshold,
        section.at("threshold"),
        key,
        maxTokens,
        temperature,
    )
}
