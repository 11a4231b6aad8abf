package routercluster.policy.config

/**
 * How a kind of provider differs from plain OpenAI.
 *
 * @property header that carries the key
 * @property prefix before the key, without the blank; empty for none
 * @property apiPath stands where OpenAI has `/v1` when an address has no path of its own; null where there is no usual one
 */
internal class ProviderProfile(val name: String, val header: String, val prefix: String, val apiPath: String?)

internal val openAiProfile = ProviderProfile("openai", "authorization", "Bearer", "/v1")

/** Has one path per deployment where an `api_version` is given, and plain OpenAI paths under `/openai/v1` where none is. */
internal val azureProfile = ProviderProfile("azure-openai", "api-key", "", "/openai/v1")

/** Providers that speak OpenAI's wire format, by what `provider` calls them. */
internal val providerProfiles: Map<String, ProviderProfile> =
    listOf(
        openAiProfile,
        azureProfile,
        ProviderProfile("bedrock", "authorization", "Bearer", "/openai/v1"),
        ProviderProfile("gemini", "authorization", "Bearer", "/v1beta/openai"),
        ProviderProfile("vertex-ai", "authorization", "Bearer", null),
        ProviderProfile("minimax", "authorization", "Bearer", "/v1"),
    ).associateBy { it.name }

/** Providers of the format whose wire format is not built yet. */
internal val laterProviders: Set<String> = setOf("anthropic")
