package routercluster.cli.discovery

import com.fasterxml.jackson.databind.JsonNode
import routercluster.cli.Reply
import routercluster.cli.call
import routercluster.cli.parseJson
import java.net.URI
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** Longest wait for a local model server, and for a service on the Internet; all are asked at the same time. */
private val localTimeout: Duration = Duration.ofMillis(300)
private val cloudTimeout: Duration = Duration.ofMillis(1_500)

/** Models of one provider that go into the starter policy. */
private const val MODELS_MAX = 8

private val ollama = URI("http://127.0.0.1:11434/api/tags")
private val vllm = URI("http://127.0.0.1:8000/v1/models")

/** Asks an address for a list of models, with these headers. */
internal typealias Ask = (URI, Map<String, String>) -> Reply

/**
 * Providers whose key is in the environment, and model servers on this machine's usual ports. A service is asked which models its
 * key may use, for at most 1.5 s; where it does not answer, the names that were usual when this was written are taken. Model
 * servers get 300 ms. A key goes to its own service and nowhere else.
 */
fun discoverProviders(environment: (String) -> String?): List<Provider> =
    discoverProviders(environment) { address, headers ->
        if (headers.isEmpty()) call(address, localTimeout) else call(address, cloudTimeout, headers = headers, direct = false)
    }

internal fun discoverProviders(environment: (String) -> String?, ask: Ask): List<Provider> {
    val clouds = cloudServices.map { service -> background { service.found(environment, ask) } }
    val local =
        listOf(
            background { served(ProviderKind.OLLAMA, ask(ollama, emptyMap()), ::ollamaModels) },
            background { served(ProviderKind.VLLM, ask(vllm, emptyMap()), ::listedModels) },
        )
    return (clouds + local).mapNotNull { it.join() }
}

/** Not in a pool that machines with few cores have one thread of. */
private val ownThread = Executor { task -> Thread(task, "discovery").apply { isDaemon = true }.start() }

private fun <T> background(task: () -> T): CompletableFuture<T> = CompletableFuture.supplyAsync(task, ownThread)

/** The names are looked up before a connection's own bound begins. */
private fun CloudService.found(environment: (String) -> String?, ask: Ask): Provider? {
    val key = environment(keyVariable)?.trim()?.ifEmpty { null } ?: return null
    val base = baseUrl(environment)
    val asking = background { listAddress(base)?.let { ask(it, credential(key)) } ?: Reply.Silence("$base is no address") }
    val reply = asking.completeOnTimeout(Reply.Silence("no answer in time"), cloudTimeout.toMillis(), TimeUnit.MILLISECONDS).join()
    val models = answered(reply)?.let(choose).orEmpty().take(MODELS_MAX)
    return Provider(kind, models.ifEmpty { usual }, base, isGuess = models.isEmpty())
}

private fun served(kind: ProviderKind, reply: Reply, read: (JsonNode) -> List<FoundModel>): Provider? =
    answered(reply)
        ?.let(read)
        .orEmpty()
        .sortedByDescending { it.strength }
        .take(MODELS_MAX)
        .takeIf { it.isNotEmpty() }
        ?.let { Provider(kind, it) }

private fun answered(reply: Reply): JsonNode? =
    when (reply) {
        is Reply.Silence -> null
        is Reply.Answer -> if (reply.status == 200) parseJson(reply.body) else null
    }
