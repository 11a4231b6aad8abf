package routercluster.cli.discovery

/** Where models may come from without being configured. [title] is for people. */
enum class ProviderKind(val title: String) {
    OPENAI("OpenAI"),
    ANTHROPIC("Anthropic"),
    OLLAMA("Ollama"),
    VLLM("vLLM"),
}

/**
 * A model in reach.
 *
 * @property strength orders models for the starter policy, and for nothing else: billions of parameters for local ones
 */
data class FoundModel(val name: String, val strength: Double)

/**
 * A provider in reach.
 *
 * @property models never empty
 * @property baseUrl of its OpenAI-compatible API; null for the usual port on this machine
 * @property isGuess whether [models] are names from memory, since the provider did not list its own
 */
data class Provider(val kind: ProviderKind, val models: List<FoundModel>, val baseUrl: String? = null, val isGuess: Boolean = false) {
    /** For people. */
    val title: String get() = if (isGuess) "${kind.title} (it did not list its models, so their names are a guess)" else kind.title
}

/** Finds the providers in reach. */
typealias Discover = (environment: (String) -> String?) -> List<Provider>

/** The models that stand in where none is in reach, the weaker first, and the port that `router mock-llm` serves them on. */
val SIMULATED_MODELS = listOf("sim-small", "sim-large")
const val SIMULATED_PORT = 8898
