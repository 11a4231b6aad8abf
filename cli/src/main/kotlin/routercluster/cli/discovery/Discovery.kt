package routercluster.cli.discovery

import com.fasterxml.jackson.databind.JsonNode
import routercluster.cli.Reply
import routercluster.cli.call
import routercluster.cli.parseJson
import java.net.URI
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** Longest wait for a local model server; all are asked at the same time. */
private val probeTimeout: Duration = Duration.ofMillis(300)

/** Models of one provider that go into the starter policy. */
private const val MODELS_MAX = 8

/** Billions of parameters assumed where a server does not tell. */
private const val UNKNOWN_STRENGTH = 7.0

private val ollama = URI("http://127.0.0.1:11434/api/tags")
private val vllm = URI("http://127.0.0.1:8000/v1/models")

/**
 * Providers whose key is in the environment, and model servers on this machine's usual ports. Nothing but the loopback interface is
 * asked, each server for at most 300 ms, all at the same time. Keys are not looked at beyond being there.
 */
fun discoverProviders(environment: (String) -> String?): List<Provider> = discoverProviders(environment) { call(it, probeTimeout) }

internal fun discoverProviders(environment: (String) -> String?, probe: (URI) -> Reply): List<Provider> {
    val local =
        listOf(ollama to ::ollamaModels, vllm to ::vllmModels).map { (address, read) ->
            CompletableFuture.supplyAsync { models(probe(address), read) }
        }
    return listOfNotNull(
        keyed(environment, ProviderKind.OPENAI, FoundModel("gpt-5-mini", 100.0), FoundModel("gpt-5", 1_000.0)),
        keyed(environment, ProviderKind.ANTHROPIC, FoundModel("claude-haiku-4-5", 101.0), FoundModel("claude-sonnet-4-5", 1_001.0)),
        provider(ProviderKind.OLLAMA, local[0].join()),
        provider(ProviderKind.VLLM, local[1].join()),
    )
}

/** The environment variable that holds a provider's key; null for local servers, which need none. */
internal val ProviderKind.keyVariable: String?
    get() =
        when (this) {
            ProviderKind.OPENAI -> "OPENAI_API_KEY"
            ProviderKind.ANTHROPIC -> "ANTHROPIC_API_KEY"
            ProviderKind.OLLAMA, ProviderKind.VLLM -> null
        }

private fun keyed(environment: (String) -> String?, kind: ProviderKind, vararg models: FoundModel): Provider? =
    kind.keyVariable
        ?.let(environment)
        ?.takeIf { it.isNotBlank() }
        ?.let { Provider(kind, models.toList()) }

private fun provider(kind: ProviderKind, models: List<FoundModel>): Provider? =
    models
        .sortedByDescending { it.strength }
        .take(MODELS_MAX)
        .takeIf { it.isNotEmpty() }
        ?.let { Provider(kind, it) }

private fun models(reply: Reply, read: (JsonNode) -> List<FoundModel>): List<FoundModel> =
    when (reply) {
        is Reply.Silence -> emptyList()
        is Reply.Answer -> if (reply.status == 200) parseJson(reply.body)?.let(read).orEmpty() else emptyList()
    }

/** Chat models only: an embedding model tells by its family or its name. */
private fun ollamaModels(answer: JsonNode): List<FoundModel> =
    answer
        .path("models")
        .filterNot { "bert" in it.path("details").path("family").asText() || "embed" in it.path("name").asText() }
        .mapNotNull { model ->
            val name = model.path("name").asText().ifEmpty { null } ?: return@mapNotNull null
            FoundModel(name, billions(model.path("details").path("parameter_size").asText()))
        }

private fun vllmModels(answer: JsonNode): List<FoundModel> =
    answer.path("data").mapNotNull { model ->
        val name = model.path("id").asText().ifEmpty { null } ?: return@mapNotNull null
        FoundModel(name, billions(name))
    }

/** The parameter count in a text such as `8.0B`, `560M` or `qwen3-30b-a3b`, in billions. */
internal fun billions(text: String): Double {
    val (number, unit) = Regex("""(?i)(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)([bm])(?![a-z0-9])""").find(text)?.destructured
        ?: return UNKNOWN_STRENGTH
    return number.toDouble() / if (unit.lowercase() == "m") 1_000 else 1
}
