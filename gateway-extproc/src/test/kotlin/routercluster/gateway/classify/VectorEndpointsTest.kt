package routercluster.gateway.classify

import com.fasterxml.jackson.databind.JsonNode
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.mock.encoder.byWords
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Task
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64

/** Vectors, and what is made of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VectorEndpointsTest {
    private val api = ApiRouter()

    @AfterAll
    fun close() = api.close()

    private fun vector(text: String, dimensions: Int = 32): List<Float> {
        val head = apiHeads.getValue("embedding")
        return (byWords(Passage(text, emptySet()), Head(Task.EMBED, dimensions = minOf(dimensions, head.dimensions))) as HeadResult.Vector)
            .values
            .toList()
    }

    private fun floats(node: JsonNode): List<Float> = node.map { it.floatValue() }

    @Test
    fun `OpenAI's embeddings come as numbers or as base64`() {
        val plain = api.call("/v1/embeddings", """{"model":"default","input":["old river","bank"],"user":"u"}""").json
        plain["data"].map { it["index"].intValue() to floats(it["embedding"]) } shouldBe
            listOf(0 to vector("old river"), 1 to vector("bank"))
        listOf(plain["object"], plain["data"][0]["object"], plain["model"]).map { it.textValue() } shouldBe
            listOf("list", "embedding", "default")
        plain["usage"] shouldBe json("""{"prompt_tokens":5,"total_tokens":5}""")

        val encoded = api
            .call(
                "/v1/embeddings",
                """{"model":"default/embedding","input":"bank","encoding_format":"base64","dimensions":8}""",
            ).json
        val bytes = ByteBuffer.wrap(Base64.getDecoder().decode(encoded["data"][0]["embedding"].textValue())).order(ByteOrder.LITTLE_ENDIAN)
        List(8) { bytes.getFloat() } shouldBe vector("bank", 8)
        bytes.remaining() shouldBe 0
    }

    @Test
    fun `vectors have the shape that was asked for`() {
        val told = api.call("/api/v1/embeddings", """{"texts":["old river","bank"],"dimension":4,"model":null}""").json
        told["embeddings"].map { floats(it["embedding"]) } shouldBe listOf(vector("old river", 4), vector("bank", 4))
        listOf(told["total_count"].intValue(), told["embeddings"][0]["dimension"].intValue()) shouldBe listOf(2, 4)
        told["embeddings"][0]["model_used"].textValue() shouldBe "default/embedding"
        api.call("/api/v1/embeddings", """{"texts":["x"],"target_layer":3}""")
        api.encoder.requests
            .last()
            .passages
            .single()
            .vector.layer shouldBe 3
    }

    @Test
    fun `similarity is the cosine, and the best candidates come first`() {
        val same = api.call("/api/v1/similarity", """{"text1":"old river","text2":"river old"}""").json
        same["similarity"].doubleValue() shouldBe (1.0 plusOrMinus 1e-6)
        val told = api
            .call(
                "/api/v1/similarity/batch",
                """{"query":"old river","candidates":["bank","old river","river"],"top_k":2}""",
            ).json
        told["matches"].map { it["index"].intValue() } shouldBe listOf(1, 2)
        told["total_candidates"].intValue() shouldBe 3
        told["matches"][0]["similarity"].doubleValue() shouldBeGreaterThan told["matches"][1]["similarity"].doubleValue()
    }

    @Test
    fun `documents are ranked by vectors where there is no rerank head, and by it where there is one`() {
        val body = """{"query":"old river","documents":["bank",{"text":"the old river"},"old river"],"top_n":2,"return_documents":true}"""
        val bi = api.call("/v1/rerank", body).json
        listOf(bi["method"].textValue(), bi["model"].textValue()) shouldBe listOf("bi_encoder", "default/embedding")
        bi["results"].map { it["document"]["text"].textValue() } shouldBe listOf("old river", "the old river")

        ApiRouter(heads = apiHeads + ("rerank" to Head(Task.RERANK))).use { crossing ->
            val cross = crossing.call("/v1/rerank", body).json
            listOf(cross["method"].textValue(), cross["model"].textValue()) shouldBe listOf("cross_encoder", "default/rerank")
            cross["results"].map { it["index"].intValue() to it["relevance_score"].floatValue() } shouldBe listOf(2 to 1f, 1 to 2f / 3)
            crossing.encoder.requests
                .single()
                .passages
                .map { it.text to it.pair } shouldBe listOf("bank", "the old river", "old river").map { "old river" to it }
            val vectors = crossing.call("/v1/rerank", """{"query":"x","documents":["x"],"model":"default/embedding"}""").json
            vectors["method"].textValue() shouldBe "bi_encoder"
        }
    }
}
