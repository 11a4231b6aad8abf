package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.catalog.Slot
import routercluster.policy.classify.MissingHead
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Task
import routercluster.policy.encode.VectorShape
import routercluster.policy.request.BadRequest
import routercluster.policy.signals.cosine
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

/** What is made of vectors: paths to endpoints. */
internal val vectorEndpoints: Map<String, Endpoint> =
    mapOf(
        "/v1/embeddings" to ::openAiEmbeddings,
        "/api/v1/embeddings" to ::embeddings,
        "/api/v1/similarity" to ::similarity,
        "/api/v1/similarity/batch" to ::similarityBatch,
        "/v1/rerank" to ::rerank,
    )

/** OpenAI's endpoint; its `model` is an encoder's name, or `encoder/head`. */
private suspend fun openAiEmbeddings(call: ApiCall): ObjectNode {
    val body = call.body
    val texts = body.textOrTexts("input")
    val model = body.name("model") ?: throw BadRequest(400, "missing_field", "`model` is required.", "model")
    val asBase64 = body.oneOf("encoding_format", mapOf("float" to false, "base64" to true)) ?: false
    val dimensions = body.count("dimensions", DIMENSIONS_MAX)
    body.name("user")
    body.close()
    val vectors = call.embed(texts, Embedder(call, model, VectorShape(dimensions = dimensions)))
    val json = obj().put("object", "list").put("model", model)
    val data = json.putArray("data")
    vectors.forEachIndexed { index, it ->
        val entry = data.addObject().put("object", "embedding").put("index", index)
        if (asBase64) entry.put("embedding", base64(it.values)) else entry.putVector("embedding", it.values)
    }
    json.putUsage(vectors.sumOf { it.tokens })
    return json
}

private suspend fun embeddings(call: ApiCall): ObjectNode {
    val texts = call.body.texts("texts")
    val embedder = call.embedder(takesLayer = true)
    val vectors = call.embed(texts, embedder)
    val json = obj()
    val list = json.putArray("embeddings")
    vectors.forEach {
        list
            .addObject()
            .put("dimension", it.values.size)
            .put("model_used", embedder.name)
            .putVector("embedding", it.values)
    }
    json.put("total_count", vectors.size).put("complete", vectors.all { it.isWhole })
    return call.timed(json)
}

private suspend fun similarity(call: ApiCall): ObjectNode {
    val texts = listOf(call.body.text("text1"), call.body.text("text2"))
    val embedder = call.embedder()
    val (one, other) = call.embed(texts, embedder)
    return call.timed(obj().put("similarity", cosine(one.values, other.values)).put("model_used", embedder.name))
}

private suspend fun similarityBatch(call: ApiCall): ObjectNode {
    val query = call.body.text("query")
    val candidates = call.body.texts("candidates")
    val topK = call.body.count("top_k", ApiLimits.TEXTS_MAX)
    val embedder = call.embedder()
    val json = obj()
    val matches = json.putArray("matches")
    call.similarities(query, candidates, embedder).best(topK).forEach { (index, score) ->
        matches.addObject().put("index", index).put("similarity", score)
    }
    return call.timed(json.put("total_candidates", candidates.size).put("model_used", embedder.name))
}

/** In the shape of Jina and Cohere. A cross-encoder judges where the policy has one for [Slot.RERANK], else vectors are compared. */
private suspend fun rerank(call: ApiCall): ObjectNode {
    val body = call.body
    val query = body.text("query")
    val documents = body.elements("documents").mapIndexed { index, it ->
        val text = if (it.isObject) it["text"] ?: throw ApiBody.wrongType("documents[$index]", "a text or an object with a `text`") else it
        body.readText(text, "documents[$index]")
    }
    val topN = body.count("top_n", ApiLimits.TEXTS_MAX)
    val returns = body.flag("return_documents") ?: false
    val model = body.name("model")
    body.close()
    val cross = call.policy.catalog
        .headFor(Slot.RERANK)
        ?.ref
    val isCross = cross != null && (model == null || model == cross.encoder || model == "$cross")
    val name: String
    val ranked: Ranked
    if (cross != null && isCross) {
        name = "$cross"
        ranked = call.crossScores(query, documents, cross)
    } else {
        val embedder = Embedder(call, model)
        name = embedder.name
        ranked = call.similarities(query, documents, embedder)
    }
    val json = obj().put("object", "list").put("model", name).put("method", if (isCross) "cross_encoder" else "bi_encoder")
    val results = json.putArray("results")
    ranked.best(topN).forEach { (index, score) ->
        val entry = results.addObject().put("index", index).put("relevance_score", score)
        if (returns) entry.putObject("document").put("text", documents[index])
    }
    json.putUsage(ranked.tokens)
    return json
}

/** Scores of texts, by their index, and the tokens that it took. */
private class Ranked(private val scores: List<Double>, val tokens: Int) {
    /** The best first; of equals the first. */
    fun best(most: Int?): List<Pair<Int, Double>> =
        scores
            .withIndex()
            .sortedByDescending { it.value }
            .take(most ?: scores.size)
            .map { it.index to it.value }
}

/** A head for vectors and the shape of them. */
private class Embedder(val head: HeadRef, val shape: VectorShape) {
    val name: String get() = "$head"

    companion object {
        /**
         * The head that [model] names, or the policy's for [Slot.EMBEDDING] where it is null.
         *
         * @throws BadRequest 404 for an unknown name, 422 for more dimensions than the head has
         */
        operator fun invoke(call: ApiCall, model: String?, shape: VectorShape = VectorShape.WHOLE): Embedder {
            val known = call.encoder.heads.filterValues { it.task == Task.EMBED }
            val head = if (model == null) call.embeddingHead() else known.keys.firstOrNull { "$it" == model || it.encoder == model }
            if (head == null) {
                val names = known.keys
                    .map { it.encoder }
                    .distinct()
                    .joinToString()
                    .ifEmpty { "none" }
                throw BadRequest(404, "model_not_found", "There is no encoder of this name that gives vectors; there is: $names", "model")
            }
            val most = known[head]?.dimensions ?: 0
            val asked = shape.dimensions
            if (asked != null && most in 1 until asked) {
                throw BadRequest(422, "too_many_dimensions", "$head has $most dimensions, and $asked were asked for.", "dimensions")
            }
            return Embedder(head, shape)
        }

        private fun ApiCall.embeddingHead(): HeadRef =
            policy.catalog.headFor(Slot.EMBEDDING)?.ref ?: throw MissingHead(Slot.EMBEDDING, policy.catalog.lackOf(Slot.EMBEDDING))
    }
}

/** The fields that say which vectors; the last of a body. */
private fun ApiCall.embedder(takesLayer: Boolean = false): Embedder {
    val model = body.name("model")
    val dimensions = body.count("dimension", DIMENSIONS_MAX)
    val layer = if (takesLayer) body.count("target_layer", LAYERS_MAX) else null
    body.close()
    return Embedder(this, model, VectorShape(layer, dimensions))
}

private class Embedded(val values: FloatArray, val tokens: Int, val isWhole: Boolean)

private suspend fun ApiCall.embed(texts: List<String>, by: Embedder): List<Embedded> =
    read(texts.map { Passage(it, setOf(by.head), vector = by.shape) }).map { result ->
        Embedded(answer<HeadResult.Vector>(result, by.head).values, result.coverage.tokens, result.coverage.isWhole)
    }

private suspend fun ApiCall.similarities(query: String, texts: List<String>, by: Embedder): Ranked {
    val vectors = embed(listOf(query) + texts, by)
    return Ranked(vectors.drop(1).map { cosine(vectors.first().values, it.values) }, vectors.sumOf { it.tokens })
}

private suspend fun ApiCall.crossScores(query: String, documents: List<String>, head: HeadRef): Ranked {
    val results = read(documents.map { Passage(query, setOf(head), pair = it) })
    return Ranked(results.map { answer<HeadResult.Score>(it, head).value.toDouble() }, results.sumOf { it.coverage.tokens })
}

private inline fun <reified T : HeadResult> answer(result: PassageResult, head: HeadRef): T {
    val answer = result.heads[head]
    if (answer is HeadResult.Failed) throw EncodeFailure.Unavailable("$head: ${answer.reason}")
    return answer as? T ?: throw EncodeFailure.Unavailable("$head gave no answer of its kind")
}

/** Little-endian 32-bit floats, as OpenAI's clients read them. */
private fun base64(vector: FloatArray): String {
    val bytes = ByteBuffer.allocate(vector.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
    vector.forEach(bytes::putFloat)
    return Base64.getEncoder().encodeToString(bytes.array())
}

private fun ObjectNode.putVector(field: String, vector: FloatArray) = putArray(field).apply { vector.forEach(::add) }

private fun ObjectNode.putUsage(tokens: Int) = putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens)

private const val DIMENSIONS_MAX = 16_384
private const val LAYERS_MAX = 256
