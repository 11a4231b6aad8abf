package routercluster.gateway.responses

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.MemoryConversations
import routercluster.gateway.Answer
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.status
import routercluster.policy.conversations.ConversationFailure
import routercluster.gateway.upstream.Answer as Script

/** The Responses API before upstreams that complete chats. */
class ResponsesDoorTest {
    private val mapper = ObjectMapper()
    private val conversations = MemoryConversations()
    private val upstream = ScriptedUpstream()
    private val gateway = TestGateway(policyText(upstream.port, hours), conversations = conversations)

    @AfterEach
    fun close() {
        gateway.close()
        upstream.close()
    }

    private fun script(vararg answers: Script) = answers.forEach(upstream::then)

    private fun create(fields: String, vararg headers: Pair<String, String>, at: TestGateway = gateway): Answer =
        at.post("/v1/responses", """{"model":"small",$fields}""", *headers)

    private fun asked(): JsonNode = mapper.readTree(upstream.nextRequest().contentUtf8())

    @Test
    fun `a response is made, kept, found and deleted`() {
        script(said("Hello"))
        val made = create(""""input":"Hi","metadata":{"a":"b"},"max_output_tokens":9""")
        made.status shouldBe 200
        made.headers("x-vsr-selected-model", "x-router-attempt", "x-vsr-response-path") shouldBe listOf("small", "1", "upstream")
        asked() shouldBe
            mapper.readTree("""{"model":"small","stream":false,"messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":9}""")
        val json = made.json
        listOf("status", "model", "object").map { json.path(it).textValue() } shouldBe listOf("completed", "small", "response")
        json
            .path("output")
            .path(0)
            .path("content")
            .path(0)
            .path("text")
            .textValue() shouldBe "Hello"
        json.path("usage").path("input_tokens").intValue() shouldBe 3
        val id = json.path("id").textValue()
        gateway.get("/v1/responses/$id").json shouldBe mapper.readTree(made.body)
        gateway
            .get("/v1/responses/$id/input_items")
            .json
            .path("data")
            .path(0)
            .path("content")
            .path(0)
            .path("text")
            .textValue() shouldBe
            "Hi"
        val turn = conversations.all
            .single()
            .turns
            .single()
        listOf(turn.model, turn.use.promptTokens, turn.use.completionTokens, turn.use.costMicros) shouldBe listOf("small", 3L, 2L, 26L)
        gateway
            .delete("/v1/responses/$id")
            .json
            .path("deleted")
            .booleanValue() shouldBe true
        gateway.get("/v1/responses/$id").let { listOf(it.status, it.code) } shouldBe listOf(404, "response_not_found")
    }

    @Test
    fun `what follows a response has heard it, but not its instructions`() {
        script(said("Two"), said("Four"), said("Five"))
        val first = create(""""input":"One","instructions":"Count."""").json.path("id").textValue()
        create(""""input":"Three","previous_response_id":"$first"""").json.path("previous_response_id").textValue() shouldBe first
        create(""""input":"Three, again","previous_response_id":"$first"""")
        upstream.nextRequest()
        asked().path("messages").map { it.path("content").textValue() } shouldBe listOf("One", "Two", "Three")
        asked().path("messages").map { it.path("content").textValue() } shouldBe listOf("One", "Two", "Three, again")
    }

    @Test
    fun `what is not kept wakes nobody`() {
        script(said("Hello"))
        val made = create(""""input":"Hi","store":false""")
        made.json.path("store").booleanValue() shouldBe false
        conversations.calls shouldBe 0
        gateway.get("/v1/responses/${made.json.path("id").textValue()}").status shouldBe 404
    }

    @Test
    fun `a fixed answer of the policy is a response too`() {
        val made = gateway.post("/v1/responses", """{"model":"auto","input":"hours"}""")
        made.headers("x-vsr-response-path", "x-vsr-selected-decision") shouldBe listOf("fast_response", "hours")
        made.json
            .path("output")
            .path(0)
            .path("content")
            .path(0)
            .path("text")
            .textValue() shouldBe "Nine to five."
        gateway.get("/v1/responses/${made.json.path("id").textValue()}").status shouldBe 200
    }

    @Test
    fun `what a model refuses is as the model says it, and nothing is kept`() {
        script(status(400, mapOf("content-type" to "application/json"), """{"error":{"code":"too_hot"}}"""))
        create(""""input":"Hi"""").let { listOf(it.status, it.code) } shouldBe listOf(400, "too_hot")
        conversations.all.size shouldBe 0
    }

    @Test
    fun `a stranger does not find what another's id names`() {
        val policy = policyText(upstream.port, gateway = "{trusted_peers: [127.0.0.0/8]}")
        script(said("Hello"), said("Hello"))
        TestGateway(policy, conversations = conversations).use { trusting ->
            val id = create(""""input":"Hi"""", "x-authz-user-id" to "ann", at = trusting).json.path("id").textValue()

            fun follow(user: String) = create(""""input":"And?","previous_response_id":"$id"""", "x-authz-user-id" to user, at = trusting)
            follow("bob").let { listOf(it.status, it.code) } shouldBe listOf(400, "previous_response_not_found")
            trusting.get("/v1/responses/$id").status shouldBe 404
            follow("ann").status shouldBe 200
        }
    }

    @Test
    fun `errors have OpenAI's shape`() {
        val rows =
            mapOf(
                """{"model":"small"}""" to "400 missing_field input",
                """{"model":"nobody","input":"x"}""" to "404 model_not_found model",
                """{"model":"small","input":"x","previous_response_id":"resp_1"}""" to
                    "400 previous_response_not_found previous_response_id",
                """{"model":"small","input":"x","conversation":"conv_1"}""" to "404 conversation_not_found conversation_id",
                """{"model":"small","input":"x","background":true,"stream":true}""" to "400 unsupported_parameter stream",
            )
        rows.forEach { (body, expected) ->
            val answer = gateway.post("/v1/responses", body)
            withClue(body) { "${answer.status} ${answer.code} ${answer.json.path("error").path("param").textValue()}" shouldBe expected }
        }
        gateway.get("/v1/responses").let { listOf(it.status, it.code) } shouldBe listOf(405, "method_not_allowed")
        gateway.get("/v1/responses/resp_1/what").let { listOf(it.status, it.code) } shouldBe listOf(404, "unknown_path")
    }

    @Test
    fun `events cannot be asked for again, and the error names the parameter`() {
        script(said("Hello"))
        val id = create(""""input":"Hi"""").json.path("id").textValue()
        for ((query, parameter) in mapOf("stream=true" to "stream", "starting_after=3" to "starting_after")) {
            val refused = gateway.get("/v1/responses/$id?$query")
            listOf("${refused.status}", refused.code, refused.json.at("/error/param").textValue()) shouldBe
                listOf("400", "stream_not_kept", parameter)
        }
        gateway.get("/v1/responses/$id?stream=false").status shouldBe 200
    }

    @Test
    fun `conversations that cannot be reached are a reason to come back`() {
        script(said("Hello"))
        conversations.failure.set(ConversationFailure.Unavailable("down"))
        val refused = create(""""input":"Hi"""")
        listOf(refused.status, refused.code, refused.header("retry-after")) shouldBe listOf(503, "conversations_unavailable", "1")
        script(said("Hello"))
        create(""""input":"Hi","store":false""").status shouldBe 200
    }

    @Test
    fun `a policy that does not want the API has nothing at its paths`() {
        TestGateway(policyText(upstream.port), conversations = conversations, offersResponses = false).use { off ->
            listOf(create(""""input":"Hi"""", at = off), off.get("/v1/responses/resp_1"), off.get("/v1/conversations/conv_1")).forEach {
                listOf(it.status, it.code) shouldBe listOf(404, "responses_disabled")
            }
        }
    }

    @Test
    fun `an upstream that speaks this API gets it, with the thread written out`() {
        val native = """{"id":"theirs","status":"completed","output":[{"id":"msg_x","type":"message","role":"assistant","status":"completed",
            "content":[{"type":"output_text","text":"Native","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":1}}"""
        val json = mapOf("content-type" to "application/json")
        script(said("Two"), status(200, json, native))
        TestGateway(policyText(upstream.port, gateway = "{speak_responses: [large]}"), conversations = conversations).use { both ->
            val first = create(""""input":"One"""", at = both).json.path("id").textValue()
            val second = both.post("/v1/responses", """{"model":"large","input":"Three","previous_response_id":"$first"}""")
            upstream.nextRequest()
            val request = upstream.nextRequest()
            request.path() shouldBe "/v1/responses"
            val body = mapper.readTree(request.contentUtf8())
            listOf(body.path("model").textValue(), "${body.path("store")}", "${body.has("previous_response_id")}") shouldBe
                listOf("large-2", "false", "false")
            body.path("input").map {
                it
                    .path("content")
                    .path(0)
                    .path("text")
                    .textValue()
            } shouldBe listOf("One", "Two", "Three")
            second.json.path("id").textValue() shouldStartWith "resp_t"
            second.body shouldContain "Native"
        }
    }

    private companion object {
        val hours =
            mapOf("hours" to "modelRefs: [{model: small}], plugins: [{type: fast_response, configuration: {message: Nine to five.}}]")
    }
}
