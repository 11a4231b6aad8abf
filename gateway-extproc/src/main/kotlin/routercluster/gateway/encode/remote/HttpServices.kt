package routercluster.gateway.encode.remote

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadResult
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * @param model the name that the service knows its model by, where the protocol has one
 * @param heads by name
 */
internal fun httpService(protocol: HttpProtocol, model: String?, heads: Map<String, Head>, calls: HttpCalls): Service =
    when (protocol) {
        HttpProtocol.OPENAI_EMBEDDINGS -> OpenAiEmbeddings(model.orEmpty(), heads, calls)
        HttpProtocol.TEI_EMBED -> TeiEmbed(heads, calls)
        HttpProtocol.TEI_RERANK -> TeiRerank(calls)
        HttpProtocol.TEI_PREDICT -> TeiPredict(heads, calls)
        HttpProtocol.HTTP_CLASSIFY -> HttpClassify(heads, calls)
    }

private fun obj(): ObjectNode = JsonNodeFactory.instance.objectNode()

/** Services refuse a text of no characters, so it is sent as a blank. */
private fun shown(text: String): String = text.ifEmpty { " " }

/** Rather an error than a text that is cut without a word. */
private fun teiRequest(): ObjectNode = obj().put("truncate", false)

private fun CompletableFuture<JsonNode>.read(read: (JsonNode) -> List<HeadResult>): CompletableFuture<List<HeadResult>> =
    thenApply(read).alsoCancels(this)

private class OpenAiEmbeddings(private val model: String, private val heads: Map<String, Head>, private val calls: HttpCalls) : Service {
    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        val body = obj().put("model", model).put("encoding_format", "float")
        val texts = body.putArray("input")
        inputs.forEach { texts.add(shown(it.text)) }
        return calls.post("/embeddings", body, timeout).read { vectors(it.path("data"), inputs.size, heads.getValue(head).dimensions) }
    }

    private fun vectors(data: JsonNode, count: Int, dimensions: Int): List<HeadResult> {
        if (!data.isArray || data.size() != count) throw malformed("has ${data.size()} vectors for $count texts")
        return inOrder(data) { vectorIn(it.path("embedding"), dimensions) }
    }
}

private class TeiEmbed(private val heads: Map<String, Head>, private val calls: HttpCalls) : Service {
    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        val body = teiRequest().put("normalize", true)
        val texts = body.putArray("inputs")
        inputs.forEach { texts.add(shown(it.text)) }
        return calls.post("/embed", body, timeout).read { rows ->
            if (!rows.isArray || rows.size() != inputs.size) throw malformed("has ${rows.size()} vectors for ${inputs.size} texts")
            rows.map { vectorIn(it, heads.getValue(head).dimensions) }
        }
    }
}

/** One call is about one query. */
private class TeiRerank(private val calls: HttpCalls) : Service {
    override fun batchKey(input: Input): Any = input.text

    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        val body = teiRequest().put("raw_scores", false).put("query", shown(inputs.first().text))
        val texts = body.putArray("texts")
        inputs.forEach { texts.add(shown(it.pair.orEmpty())) }
        return calls.post("/rerank", body, timeout).read { rows ->
            if (!rows.isArray || rows.size() != inputs.size) throw malformed("has ${rows.size()} scores for ${inputs.size} texts")
            inOrder(rows) { HeadResult.Score(probabilityIn(it.path("score"))) }
        }
    }
}

private class TeiPredict(private val heads: Map<String, Head>, private val calls: HttpCalls) : Service {
    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        val body = teiRequest().put("raw_scores", false)
        val texts = body.putArray("inputs")
        inputs.forEach { input -> texts.addArray().add(shown(input.text)).also { row -> input.pair?.let { row.add(shown(it)) } } }
        return calls.post("/predict", body, timeout).read { rows ->
            if (!rows.isArray || rows.size() != inputs.size) throw malformed("has ${rows.size()} results for ${inputs.size} texts")
            rows.map { distributionIn(it, heads.getValue(head).labels) }
        }
    }
}

private class HttpClassify(private val heads: Map<String, Head>, private val calls: HttpCalls) : Service {
    override fun ask(head: String, inputs: List<Input>, timeout: Duration): CompletableFuture<List<HeadResult>> {
        return calls.post("/classify", obj().put("inputs", shown(inputs.single().text)), timeout).read { all ->
            // Some pipelines put the answer to one text into a list of one.
            val rows = if (all.size() == 1 && all[0].isArray) all[0] else all
            listOf(distributionIn(rows, heads.getValue(head).labels))
        }
    }
}
