package routercluster.cli.discovery

import com.fasterxml.jackson.databind.JsonNode
import java.net.URI

/**
 * An LLM service on the Internet, known by its key.
 *
 * @property keyVariable the environment variable of its key
 * @property baseVariable the one by which its own clients are sent elsewhere, such as to a company's proxy
 * @property version what stands between that address and a path of OpenAI's, such as `/chat/completions`
 * @property credential the headers that carry a key
 * @property choose the models to route between, of the service's list
 * @property usual what they were called when this was written, for when the service cannot be asked
 */
internal class CloudService(
    val kind: ProviderKind,
    val keyVariable: String,
    private val baseVariable: String,
    private val home: String,
    private val version: String,
    val credential: (String) -> Map<String, String>,
    val choose: (JsonNode) -> List<FoundModel>,
    val usual: List<FoundModel>,
) {
    /** Of the API that is OpenAI's, without a closing slash. */
    fun baseUrl(environment: (String) -> String?): String {
        val base = environment(baseVariable)?.trim()?.ifEmpty { null } ?: home
        return base.trimEnd('/') + version
    }

    /** Null where [base] is no address to ask. */
    fun listAddress(base: String): URI? =
        runCatching { URI("$base/models") }.getOrNull()?.takeIf { it.scheme in setOf("http", "https") && it.host != null }
}

internal val cloudServices: List<CloudService> =
    listOf(
        CloudService(
            kind = ProviderKind.OPENAI,
            keyVariable = "OPENAI_API_KEY",
            baseVariable = "OPENAI_BASE_URL",
            home = "https://api.openai.com/v1",
            version = "",
            credential = { mapOf("authorization" to "Bearer $it") },
            choose = ::openAiModels,
            usual = listOf(FoundModel("gpt-5-mini", SMALL_STRENGTH), FoundModel("gpt-5", LARGE_STRENGTH)),
        ),
        CloudService(
            kind = ProviderKind.ANTHROPIC,
            keyVariable = "ANTHROPIC_API_KEY",
            baseVariable = "ANTHROPIC_BASE_URL",
            home = "https://api.anthropic.com",
            version = "/v1",
            credential = { mapOf("x-api-key" to it, "anthropic-version" to "2023-06-01") },
            choose = ::anthropicModels,
            usual = listOf(FoundModel("claude-haiku-4-5", SMALL_STRENGTH), FoundModel("claude-sonnet-4-5", LARGE_STRENGTH)),
        ),
    )
