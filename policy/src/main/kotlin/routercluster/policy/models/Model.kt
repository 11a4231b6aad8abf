package routercluster.policy.models

import routercluster.policy.FailureClass
import java.time.Duration

/** An API key or similar. Its text never appears in logs, errors or `explain`: only [reveal] gives it away. */
class Secret(private val text: String) {
    fun reveal(): String = text

    override fun equals(other: Any?): Boolean = other is Secret && other.text == text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = "***"
}

/**
 * An LLM that a request can be sent to.
 *
 * @property upstreams never empty; each may differ in address, credentials, path and in the name it knows the model by
 */
class Model(
    val name: String,
    val upstreams: List<Upstream>,
    val card: ModelCard = ModelCard(),
    val pricing: Pricing? = null,
    val reasoning: ReasoningFamily? = null,
    val reliability: Reliability = Reliability(),
)

/** What the policy says of a model. [quality] is 0..1. */
data class ModelCard(
    val description: String? = null,
    val parameterSize: String? = null,
    val contextWindowTokens: Int? = null,
    val capabilities: List<String> = emptyList(),
    val quality: Double? = null,
    val modality: String? = null,
    val tags: List<String> = emptyList(),
    val loras: List<String> = emptyList(),
)

/** Prices per million tokens, in [currency]. */
data class Pricing(
    val currency: String,
    val promptPerMillion: Double,
    val completionPerMillion: Double,
    val cachedInputPerMillion: Double? = null,
    val cacheWritePerMillion: Double? = null,
)

/**
 * An endpoint that serves a model.
 *
 * @property id unique in the policy: `model/upstream`
 * @property host a name, an IPv4 address, or an IPv6 address without brackets
 * @property basePath prefix that stands before the API path of the request, without `/v1` and without a closing slash; often empty
 * @property versionPath what this upstream has where OpenAI's paths begin with `/v1`; empty where [basePath] stands for both
 * @property chatPath full path for chat completions, where it differs from `basePath + /v1/chat/completions`
 * @property model the name this upstream knows the model by
 * @property headers added to every request to this upstream, credentials excluded
 * @property weight share among the model's upstreams, at least 1
 */
class Upstream(
    val id: String,
    val tls: Boolean,
    val host: String,
    val port: Int,
    val basePath: String = "",
    val chatPath: String? = null,
    val query: String? = null,
    val model: String,
    val weight: Int = 1,
    val credential: Credential? = null,
    val headers: Map<String, String> = emptyMap(),
    val provider: String = "openai",
    val versionPath: String = OPENAI_VERSION,
) {
    /** The path and query to ask for when a client asked for [path] with its query, e.g. `/v1/chat/completions`. */
    fun pathFor(path: String): String {
        val chat = path.substringBefore('?') == CHAT_COMPLETIONS
        val target = if (chat && chatPath != null) chatPath + path.removePrefix(CHAT_COMPLETIONS) else basePath + versioned(path)
        return if (query == null) target else "$target${if ('?' in target) '&' else '?'}$query"
    }

    private fun versioned(path: String): String = if (path.startsWith(
            "$OPENAI_VERSION/",
        )
    ) {
        versionPath + path.removePrefix(OPENAI_VERSION)
    } else {
        path
    }

    override fun toString(): String = "$id(${if (tls) "https" else "http"}://${if (':' in host) "[$host]" else host}:$port$basePath)"

    companion object {
        const val CHAT_COMPLETIONS = "/v1/chat/completions"
        const val OPENAI_VERSION = "/v1"
    }
}

/** A header that carries a key: `[header]: [prefix][secret]`, the prefix with its blank. */
class Credential(val header: String, val prefix: String, val secret: Secret) {
    override fun toString(): String = "$header: ***"
}

enum class LoadBalancing { ROUND_ROBIN, LEAST_REQUEST }

/**
 * How a model's upstreams are balanced, checked and ejected.
 *
 * @property retries further attempts on the same model after the first
 * @property retryOn the classes of failure that those attempts are made after
 * @property healthPath null switches active checks off
 * @property consecutiveFailures in a row that eject an upstream
 * @property ejection how long the first ejection lasts; it doubles with each further one, up to ten times
 * @property maxEjectedPercent of a model's upstreams that may be ejected at once
 */
data class Reliability(
    val loadBalancing: LoadBalancing = LoadBalancing.ROUND_ROBIN,
    val retries: Int = 1,
    val healthPath: String? = null,
    val healthInterval: Duration = Duration.ofSeconds(10),
    val healthTimeout: Duration = Duration.ofSeconds(2),
    val consecutiveFailures: Int = 5,
    val ejection: Duration = Duration.ofSeconds(30),
    val maxEjectedPercent: Int = 50,
    val retryOn: Set<FailureClass> =
        setOf(FailureClass.CONNECT, FailureClass.TIMEOUT, FailureClass.RATE_LIMITED, FailureClass.SERVER_ERROR),
)

/** How a family of models is told to reason. */
data class ReasoningFamily(val name: String, val type: Type, val parameter: String) {
    /**
     * [CHAT_TEMPLATE_KWARGS] sets `chat_template_kwargs.<parameter>` to true or false.
     * [REASONING_EFFORT] sets the effort word at the dotted path `<parameter>`.
     * [TOP_LEVEL_REASONING_EFFORT] sets the effort word in the top-level field `<parameter>`.
     */
    enum class Type { CHAT_TEMPLATE_KWARGS, REASONING_EFFORT, TOP_LEVEL_REASONING_EFFORT }
}
