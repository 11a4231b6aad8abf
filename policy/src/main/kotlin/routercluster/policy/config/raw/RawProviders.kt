package routercluster.policy.config.raw

import routercluster.policy.FailureClass
import routercluster.policy.config.Location
import routercluster.policy.config.ProviderProfile
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.efforts
import routercluster.policy.config.format.modelFormat
import routercluster.policy.config.format.providersFormat
import routercluster.policy.config.format.refuseFormer
import routercluster.policy.config.laterProviders
import routercluster.policy.config.providerProfiles
import routercluster.policy.models.LoadBalancing
import routercluster.policy.models.Pricing
import routercluster.policy.models.ReasoningFamily
import routercluster.policy.models.Secret
import java.time.Duration

/** The `providers` section. */
internal class RawProviders(
    val at: Location,
    val defaultModel: Text?,
    val defaultEffort: String?,
    val families: Map<String, ReasoningFamily?>,
    val models: List<RawModel>,
)

internal class RawModel(
    val at: Location,
    val name: Text,
    val providerModelId: String?,
    val externalModelIds: Map<String, String>,
    val reasoningFamily: Text?,
    val pricing: Pricing?,
    val reliability: RawReliability?,
    val backends: List<RawBackend>,
)

internal class RawReliability(
    val loadBalancing: LoadBalancing?,
    val retries: Int?,
    val retryOn: Set<FailureClass>?,
    val consecutiveFailures: Int?,
    val ejection: Duration?,
    val maxEjectedPercent: Int?,
    val healthPath: Text?,
    val healthInterval: Duration?,
    val healthTimeout: Duration?,
)

internal class RawBackend(
    val at: Location,
    val name: Text?,
    val endpoint: Text?,
    val baseUrl: Text?,
    val protocol: Text?,
    val weight: Int?,
    val type: String?,
    val profile: ProviderProfile?,
    val authHeader: Text?,
    val authPrefix: String?,
    val extraHeaders: List<Pair<Text, String>>,
    val apiVersion: String?,
    val chatPath: Text?,
    val apiKey: Secret?,
    val apiKeyEnv: Text?,
)

/** The effort words that providers are known to take. */
internal val effortWords: Map<String, String> = efforts.associateWith { it }

internal fun readProviders(section: Section): RawProviders {
    section.refuseFormer(providersFormat)
    val defaults = section.section("defaults")
    val families = defaults?.section("reasoning_families")
    return RawProviders(
        section.here,
        defaults?.text("default_model"),
        defaults?.oneOf("default_reasoning_effort", effortWords),
        families?.keys.orEmpty().associateWith { name -> families?.section(name)?.let { readFamily(name, it) } },
        section.sections("models").mapNotNull(::readModel),
    )
}

private val familyTypes = ReasoningFamily.Type.entries.associateBy { it.name.lowercase() }
private val fieldPath = Regex("""[A-Za-z_]\w*(\.[A-Za-z_]\w*)*""")

private fun readFamily(name: String, section: Section): ReasoningFamily? {
    val type = section.oneOf("type", familyTypes)
    if (!section.has("type")) {
        section.problems.add(section.at("type"), "is required", accepted = familyTypes.keys.joinToString(", "))
    }
    val parameter = section.requiredText("parameter") ?: return null
    val dotted = type == ReasoningFamily.Type.REASONING_EFFORT
    if (!fieldPath.matches(parameter.value) || (!dotted && '.' in parameter.value)) {
        section.problems.add(parameter.at, "is not a field name", parameter.value, if (dotted) "a name or a dotted path" else "a name")
    }
    return type?.let { ReasoningFamily(name, it, parameter.value) }
}

private enum class ApiFormat { OPENAI, ANTHROPIC }

private val apiFormats = ApiFormat.entries.associateBy { it.name.lowercase() }

private fun readModel(section: Section): RawModel? {
    section.refuseFormer(modelFormat)
    val name = section.requiredText("name")
    if (section.oneOf("api_format", apiFormats) == ApiFormat.ANTHROPIC) {
        section.problems.inactive(Feature.ANTHROPIC_UPSTREAMS, section.at("api_format"))
    }
    val model =
        RawModel(
            section.here,
            name ?: Text("", section.here),
            section.text("provider_model_id")?.value,
            section.stringMap("external_model_ids"),
            section.text("reasoning_family"),
            section.section("pricing")?.let(::readPricing),
            section.section("reliability")?.let(::readReliability),
            section.sections("backend_refs").map(::readBackend),
        )
    return model.takeIf { name != null }
}

private val price = 0.0..1_000_000.0

private fun readPricing(section: Section): Pricing {
    listOf("prompt_per_1m", "completion_per_1m").filterNot(section::has).forEach {
        section.problems.add(section.at(it), "is required", accepted = "a price per million tokens, 0 for free")
    }
    return Pricing(
        section.text("currency")?.value ?: "USD",
        section.double("prompt_per_1m", price) ?: 0.0,
        section.double("completion_per_1m", price) ?: 0.0,
        section.double("cached_input_per_1m", price),
        section.double("cache_write_per_1m", price),
    )
}

/** Envoy's retry words that have a meaning here. */
private val retryWords: Map<String, Set<FailureClass>> =
    mapOf(
        "connect-failure" to setOf(FailureClass.CONNECT),
        "refused-stream" to setOf(FailureClass.CONNECT),
        "reset" to setOf(FailureClass.CONNECT, FailureClass.TIMEOUT),
        "reset-before-request" to setOf(FailureClass.CONNECT),
        "gateway-error" to setOf(FailureClass.SERVER_ERROR),
        "5xx" to setOf(FailureClass.CONNECT, FailureClass.TIMEOUT, FailureClass.SERVER_ERROR),
        "envoy-ratelimited" to setOf(FailureClass.RATE_LIMITED),
    )
private val laterRetryWords = listOf("retriable-4xx", "retriable-headers", "retriable-status-codes", "http3-post-connect-failure")

private fun readReliability(section: Section): RawReliability {
    val retries = section.int("retry_count", 0..5)
    val words = section.text("retry_on")
    if (retries != null && retries > 0 && !section.has("retry_on")) {
        section.problems.add(
            section.at("retry_on"),
            "is required with a retry_count above 0",
            accepted = retryWords.keys.joinToString(", "),
        )
    }
    val classes =
        words?.value?.split(',')?.map { it.trim() }?.flatMapTo(mutableSetOf()) { word ->
            choose(Text(word, words.at), retryWords, laterRetryWords, section.problems).orEmpty()
        }
    val seconds = Duration.ofMillis(1)..Duration.ofHours(1)
    return RawReliability(
        section.oneOf("lb_policy", LoadBalancing.entries.associateBy { it.name.lowercase() }),
        retries,
        classes,
        section.int("consecutive_5xx", 1..1_000),
        section.duration("base_ejection_time", seconds),
        section.int("max_ejection_percent", 0..100),
        section.text("health_check_path")?.also {
            if (!it.value.startsWith("/")) section.problems.add(it.at, "is not a path", it.value, "a path that starts with /")
        },
        section.duration("health_check_interval", seconds),
        section.duration("health_check_timeout", seconds),
    )
}

private fun readBackend(section: Section): RawBackend {
    val headers = section.section("extra_headers")
    return RawBackend(
        section.here,
        section.text("name"),
        section.text("endpoint"),
        section.text("base_url"),
        section.text("protocol"),
        section.int("weight", 0..1_000_000),
        section.text("type")?.value,
        section.oneOf("provider", providerProfiles, laterProviders),
        section.text("auth_header"),
        section.string("auth_prefix"),
        headers?.keys.orEmpty().mapNotNull { key ->
            headers?.secret(key)?.let { Text(key, headers.at(key)) to it.reveal() }
        },
        section.text("api_version")?.value,
        section.text("chat_path"),
        section.secret("api_key"),
        section.text("api_key_env"),
    )
}
