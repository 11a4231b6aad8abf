package routercluster.gateway.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryConversations
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream

class ConversationsDoorTest {
    private val mapper = ObjectMapper()
    private val upstream = ScriptedUpstream()
    private val gateway = TestGateway(policyText(upstream.port), conversations = MemoryConversations())

    @AfterEach
    fun close() {
        gateway.close()
        upstream.close()
    }

    private fun created(body: String): JsonNode = gateway.post("/v1/conversations", body).json

    private fun texts(list: JsonNode) = list.path("data").map {
        it
            .path("content")
            .path(0)
            .path("text")
            .textValue()
    }

    @Test
    fun `a conversation is made, described, looked at and deleted`() {
        val made = created("""{"metadata":{"a":"b"}}""")
        val id = made.path("id").textValue()
        listOf(made.path("object").textValue(), made.path("metadata").toString()) shouldBe listOf("conversation", """{"a":"b"}""")
        gateway.get("/v1/conversations/$id").json shouldBe made
        gateway
            .post("/v1/conversations/$id", """{"metadata":{"c":"d"}}""")
            .json
            .path("metadata")
            .toString() shouldBe """{"c":"d"}"""
        gateway
            .delete("/v1/conversations/$id")
            .json
            .path("deleted")
            .booleanValue() shouldBe true
        listOf(
            gateway.get("/v1/conversations/$id"),
            gateway.delete("/v1/conversations/$id"),
            gateway.get("/v1/conversations/$id/items"),
        ).forEach {
            listOf(it.status, it.code) shouldBe listOf(404, "conversation_not_found")
        }
    }

    @Test
    fun `items are put in, listed, found and taken out`() {
        val id = created("""{"items":[{"role":"user","content":"One"}]}""").path("id").textValue()
        val added = gateway.post(
            "/v1/conversations/$id/items",
            """{"items":[{"role":"user","content":"Two"},{"role":"user","content":"Three"}]}""",
        )
        texts(added.json) shouldBe listOf("Two", "Three")
        texts(gateway.get("/v1/conversations/$id/items?order=asc").json) shouldBe listOf("One", "Two", "Three")
        val item = added.json.path("first_id").textValue()
        gateway.get("/v1/conversations/$id/items/$item").json shouldBe added.json.path("data").path(0)
        gateway
            .delete("/v1/conversations/$id/items/$item")
            .json
            .path("id")
            .textValue() shouldBe id
        gateway.delete("/v1/conversations/$id/items/$item").code shouldBe "item_not_found"
        texts(gateway.get("/v1/conversations/$id/items").json) shouldBe listOf("Three", "One")
        gateway.post("/v1/conversations/$id/items", "{}").code shouldBe "missing_field"
        gateway.post("/v1/conversations", """{"more":1}""").code shouldBe "unknown_parameter"
    }

    @Test
    fun `responses of a conversation hear all of it and become part of it`() {
        upstream.then(said("Two"))
        upstream.then(said("Four"))
        val id = created("""{"items":[{"role":"user","content":"Zero"}]}""").path("id").textValue()
        gateway
            .post(
                "/v1/responses",
                """{"model":"small","input":"One","conversation":"$id"}""",
            ).json
            .path("conversation")
            .path("id")
            .textValue() shouldBe
            id
        gateway.post("/v1/responses", """{"model":"small","input":"Three","conversation":{"id":"$id"}}""").status shouldBe 200
        upstream.nextRequest()
        val messages = mapper.readTree(upstream.nextRequest().contentUtf8()).path("messages")
        messages.map { it.path("content").textValue() } shouldBe listOf("Zero", "One", "Two", "Three")
        texts(gateway.get("/v1/conversations/$id/items?order=asc").json) shouldBe listOf("Zero", "One", "Two", "Three", "Four")
    }
}
