package routercluster.policy.config.raw

import routercluster.policy.catalog.ExternalModel
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.models.Secret

/** An entry of `external`. */
internal class RawExternal(
    val name: Text,
    val provider: String?,
    val role: ExternalModel.Role,
    val address: Text,
    val port: Int?,
    val protocol: String?,
    val chatTemplate: Boolean?,
    val promptTemplate: String?,
    val model: String,
    val timeoutSeconds: Double?,
    val parser: String?,
    val threshold: Double?,
    val key: Secret?,
    val maxTokens: Int?,
    val temperature: Double?,
)

private val roles = ExternalModel.Role.entries.associateBy { it.name.lowercase() }
private val protocols = listOf("http", "https").associateWith { it }

internal fun readExternal(section: Section): RawExternal? {
    val name = section.requiredText("name")
    val role = section.oneOf("model_role", roles)
    if (!section.has("model_role")) section.problems.add(section.at("model_role"), "is required", accepted = roles.keys.joinToString(", "))
    val endpoint = section.section("llm_endpoint")
    if (endpoint == null) section.problems.add(section.at("llm_endpoint"), "is required", accepted = "a mapping with address and port")
    endpoint?.string("name")
    val address = endpoint?.requiredText("address")
    val model = section.requiredText("llm_model_name")
    val provider = section.string("llm_provider")
    val port = endpoint?.int("port", 1..65_535)
    val protocol = endpoint?.oneOf("protocol", protocols)
    val chatTemplate = endpoint?.boolean("use_chat_template")
    val promptTemplate = endpoint?.string("prompt_template")
    val timeout = section.double("llm_timeout_seconds", 0.001..3_600.0)
    val parser = section.string("parser_type")
    val threshold = section.double("threshold", 0.0..1.0)
    val key = section.secret("access_key")
    val maxTokens = section.int("max_tokens", 1..1_000_000)
    val temperature = section.double("temperature", 0.0..2.0)
    if (name == null || role == null || address == null || model == null) return null
    return RawExternal(
        name,
        provider,
        role,
        address,
        port,
        protocol,
        chatTemplate,
        promptTemplate,
        model.value,
        timeout,
        parser,
        threshold,
        key,
        maxTokens,
        temperature,
    )
}
