package routercluster.gateway.encode.remote

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.linecorp.armeria.common.AggregatedHttpRequest
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.server.Server
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.mock.encoder.byWords
import routercluster.policy.catalog.Endpoint
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.catalog.RemoteService
import routercluster.policy.catalog.RemoteSettings
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import routercluster.policy.models.Secret
import java.time.Duration
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

internal const val SERVICE_KEY = "service-key-not-to-be-written-down"
internal val topics = Head(Task.SEQ_CLS, listOf("law", "math", "other"), remote = true)
internal val threats = Head(Task.SEQ_CLS, listOf("benign", "jailbreak"), setOf("jailbreak"), remote = true)
internal val vectors = Head(Task.EMBED, dimensions = 32, remote = true)

/** What each protocol is asked in these tests. */
internal val headsOf =
    mapOf(
        HttpProtocol.OPENAI_EMBEDDINGS to mapOf("embedding" to vectors),
        HttpProtocol.TEI_EMBED to mapOf("embedding" to vectors),
        HttpProtocol.TEI_RERANK to mapOf("rerank" to Head(Task.RERANK, remote = true)),
        HttpProtocol.TEI_PREDICT to mapOf("class" to topics, "nli" to Head(Task.NLI, topics.labels, remote = true)),
        HttpProtocol.HTTP_CLASSIFY to mapOf("class" to threats),
    )

/** A server of all HTTP protocols that reads texts as [byWords] does, or answers what a test wants. */
internal class WordServices : AutoCloseable {
    private val mapper = ObjectMapper()

    /** All that came, in order. */
    val requests = LinkedBlockingQueue<AggregatedHttpRequest>()

    /** Answers in the place of the words' while it is set. */
    @Volatile
    var instead: ((AggregatedHttpRequest) -> HttpResponse?)? = null

    private val server =
        Server
            .builder()
            .http(0)
            .requestTimeoutMillis(0)
            .serviceUnder("/") { _, request -> HttpResponse.of(request.aggregate().thenApply(::answer)) }
            .build()
            .also { it.start().join() }

    val port: Int get() = server.activeLocalPort()

    fun settings(
        protocol: HttpProtocol,
        bounds: RemoteBounds = RemoteBounds(batchMax = if (protocol == HttpProtocol.HTTP_CLASSIFY) 1 else 8),
        timeout: Duration = Duration.ofSeconds(WAIT_SECONDS),
        port: Int = this.port,
    ) = RemoteSettings(
        "far",
        RemoteService.Http(protocol, Endpoint(tls = false, "127.0.0.1", port, "/base", Secret(SERVICE_KEY)), "a-model"),
        headsOf.getValue(protocol),
        timeout,
        bounds,
    )

    fun json(request: AggregatedHttpRequest): JsonNode = mapper.readTree(request.contentUtf8())

    /** Does not wait: a server takes seconds to end its threads. */
    override fun close() {
        server.closeAsync()
    }

    private fun answer(request: AggregatedHttpRequest): HttpResponse {
        requests.add(request)
        instead?.invoke(request)?.let { return it }
        val body = json(request)
        val said =
            when (request.path().removePrefix("/base")) {
                "/embeddings" -> embeddings(body)
                "/embed" -> body["inputs"].map { vector(it.asText()) }
                "/rerank" -> rerank(body)
                "/predict" -> body["inputs"].map { predicted(it) }
                "/classify" -> labels(threats, body["inputs"].asText())
                else -> return HttpResponse.of(HttpStatus.NOT_FOUND)
            }
        return HttpResponse.of(HttpStatus.OK, MediaType.JSON, mapper.writeValueAsBytes(said).decodeToString())
    }

    /** The last first, since order is not promised. */
    private fun embeddings(body: JsonNode): Any {
        val rows = body["input"].mapIndexed { i, text -> mapOf("index" to i, "embedding" to vector(text.asText()).map { it * 2 }) }
        return mapOf("data" to rows.reversed())
    }

    private fun rerank(body: JsonNode): Any {
        val query = body["query"].asText()
        val scores = body["texts"].map { (byWords(Passage(query, setOf(any), it.asText()), Head(Task.RERANK)) as HeadResult.Score).value }
        return scores.mapIndexed { i, score -> mapOf("index" to i, "score" to score) }.sortedByDescending { it["score"] as Float }
    }

    private fun predicted(row: JsonNode) = labels(topics, row.last().asText())

    private fun labels(head: Head, text: String): List<Map<String, Any>> {
        val odds = (byWords(Passage(text, setOf(any)), head) as HeadResult.Labels).probabilities
        val rows = head.labels.indices.map { mapOf("label" to head.labels[it], "score" to odds[it]) }
        return rows.sortedByDescending { it["score"] as Float }
    }

    /** No place is 0, so that leading dimensions have a direction too, as those of trained models do. */
    private fun vector(text: String) = (byWords(Passage(text, setOf(any)), vectors) as HeadResult.Vector).values.map { it + 0.01f }

    private companion object {
        val any = HeadRef("any", "head")
    }
}

internal fun Encoder.ask(vararg passages: Passage, timeout: Duration = Duration.ofSeconds(WAIT_SECONDS)): EncodeReply =
    encode(EncodeRequest(passages.toList(), timeout)).toCompletableFuture().get(2 * WAIT_SECONDS, TimeUnit.SECONDS)

internal fun EncodeReply.odds(passage: Int = 0): List<Float> =
    (
        results[passage]
            .heads.values
            .single() as HeadResult.Labels
    ).probabilities.toList()
