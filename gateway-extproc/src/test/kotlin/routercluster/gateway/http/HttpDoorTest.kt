package routercluster.gateway.http

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.TestGateway
import routercluster.gateway.policyText
import routercluster.gateway.upstream.ScriptedUpstream
import routercluster.gateway.upstream.cut
import routercluster.mock.mockLlm
import routercluster.telemetry.AnswerPath
import routercluster.telemetry.RouterEvent

/** What a client sees of its own request: ids, switches, fixed answers, errors, limits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpDoorTest {
    private val mock = mockLlm()
    private val policy =
        policyText(
            mock.port,
            mapOf(
                "hard" to "modelRefs: [{model: large}]",
                "canned" to "plugins: [{type: fast_response, configuration: {message: We are closed.}}]",
            ),
            gateway = "{limits: {headers_max: 12, header_bytes_max: 2KiB, body_bytes_max: 4KiB}}",
            more = "recipes: [{name: night, routing: {decisions: [{name: all, modelRefs: [{model: large}]}]}}]",
        )
    private val router = TestGateway(policy)

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    @Test
    fun `says how it decided`() {
        val answer = router.chat("Something hard")
        answer.status shouldBe 200
        answer.headers("x-vsr-selected-model", "x-vsr-selected-decision", "x-vsr-selected-recipe", "x-vsr-selected-confidence") shouldBe
            listOf("large", "hard", "default", "1.0000")
        answer.headers("x-vsr-response-path", "x-vsr-schema-version", "x-router-attempt", "x-router-upstream") shouldBe
            listOf("upstream", "2", "1", "large/b")
        answer.header("x-vsr-matched-keywords") shouldBe null
        answer.json["model"].textValue() shouldBe "large-2"
    }

    @Test
    fun `keeps a request id that is well-formed and replaces any other`() {
        val rows =
            mapOf(
                "abc-1" to "abc-1",
                "A.b:c/d_e" to "A.b:c/d_e",
                "x".repeat(128) to "x".repeat(128),
                "x".repeat(129) to null,
                "two words" to null,
                "semi;colon" to null,
            )
        assertSoftly {
            rows.forEach { (given, kept) ->
                withClue(given) {
                    val id = router.chat("Hello", "x-request-id" to given).header("x-request-id").orEmpty()
                    if (kept == null) id shouldMatch "[0-9a-f]{32}" else id shouldBe kept
                    mock.seen
                        .last()
                        .headers
                        .get("x-request-id") shouldBe id
                }
            }
            router.chat("Hello").header("x-request-id").orEmpty() shouldMatch "[0-9a-f]{32}"
        }
    }

    @Test
    fun `does what the switches of the model's name say`() {
        val rows =
            listOf(
                Triple("auto:recipe=night", 200, "large"),
                Triple("auto:model=large", 200, "large"),
                Triple("auto:no-cache", 200, "small"),
                Triple("large", 200, "large"),
                Triple("auto:recipe=day", 404, "recipe_not_found"),
                Triple("auto:model=larg", 404, "model_not_found"),
                Triple("larg", 404, "model_not_found"),
                Triple("auto:nocache", 400, "unknown_model_switch"),
            )
        assertSoftly {
            rows.forEach { (model, status, outcome) ->
                withClue(model) {
                    val answer = router.chat("Hello", model = model)
                    answer.status shouldBe status
                    (if (status == 200) answer.header("x-vsr-selected-model") else answer.code) shouldBe outcome
                }
            }
        }
        router.chat("Hello", model = "larg").json["error"]["message"].textValue() shouldContain "nearest known name is large"
    }

    @Test
    fun `shows more on demand`() {
        val asked = listOf(router.chat("Something hard", model = "auto:debug"), router.chat("Something hard", "x-vsr-debug" to "true"))
        asked.forEach {
            it.header("x-vsr-matched-keywords") shouldBe "hard"
            it.header("x-vsr-context-token-count").orEmpty() shouldMatch "[1-9][0-9]*"
        }
    }

    @Test
    fun `gives errors in the shape of the client's protocol`() {
        val openAi = router.chat("Hello", model = "none").json
        openAi["error"].fieldNames().asSequence().toList() shouldContainExactly listOf("message", "type", "param", "code")
        openAi["error"]["param"].textValue() shouldBe "model"
        openAi["error"]["type"].textValue() shouldBe "invalid_request_error"

        val answer = router.post("/v1/messages", """{"model":"none","messages":[]}""")
        answer.status shouldBe 404
        answer.json["type"].textValue() shouldBe "error"
        answer.json["error"]["type"].textValue() shouldBe "not_found_error"
        answer.json["request_id"].textValue() shouldBe answer.header("x-request-id")
    }

    @Test
    fun `answers a fixed text itself, whole and streamed`() {
        mock.reset()
        router.heard.forget()
        val whole = router.chat("The canned one")
        whole.json["choices"][0]["message"]["content"].textValue() shouldBe "We are closed."
        whole.json["model"].textValue() shouldBe "auto"
        whole.headers("x-vsr-response-path", "x-vsr-fast-response", "content-type") shouldBe
            listOf("fast_response", "true", "application/json; charset=utf-8")

        val streamed = router.chat("The canned one", fields = ""","stream":true""")
        streamed.header("content-type").orEmpty() shouldStartWith "text/event-stream"
        streamed.body
            .lines()
            .filter { it.isNotEmpty() }
            .map { it.take(7) } shouldBe listOf("data: {", "data: {", "data: [")
        streamed.body shouldContain "We are closed."
        mock.requestCount shouldBe 0
        router.heard
            .await<RouterEvent.Completed>(2)
            .map { it.path }
            .toSet() shouldBe setOf(AnswerPath.FAST_RESPONSE)
    }

    @Test
    fun `refuses what is beyond the limits, and answers the next`() {
        val many = Array(12) { "x-many-$it" to "1" }
        val rows =
            listOf(
                Triple("headers_max", { router.chat("Hello", *many) }, 431 to "too_many_headers"),
                Triple("header_bytes_max", { router.chat("Hello", "x-long" to "x".repeat(2_048)) }, 431 to "headers_too_large"),
                Triple(
                    "header_bytes_max of the server",
                    { router.chat("Hello", "x-long" to "x".repeat(30_000)) },
                    431 to "headers_too_large",
                ),
                Triple("body_bytes_max", { router.chat("x".repeat(4_096)) }, 413 to "body_too_large"),
            )
        assertSoftly {
            rows.forEach { (name, send, expected) ->
                withClue(name) {
                    val answer = send()
                    (answer.status to answer.code) shouldBe expected
                    router.chat("Hello").status shouldBe 200
                }
            }
        }
    }

    @Test
    fun `lists its models and knows no other reading`() {
        router.get("/v1/models").json["data"].map { it["id"].textValue() } shouldContainExactly listOf("vllm-sr/auto", "auto", "MoM")
        router.get("/v1/models/large").json["id"].textValue() shouldBe "large"
        val unknown = router.get("/v1/files")
        (unknown.status to unknown.code) shouldBe (404 to "unknown_path")
    }

    @Test
    fun `forwards other paths by the model's name`() {
        mock.reset()
        router.post("/v1/embeddings", """{"model":"large","input":"a"}""").status shouldBe 200
        mock.seen.single().path shouldBe "/v1/embeddings"
        mock.seen
            .single()
            .json()["model"]
            .textValue() shouldBe "large-2"
        val auto = router.post("/v1/embeddings", """{"model":"auto","input":"a"}""")
        (auto.status to auto.code) shouldBe (400 to "auto_needs_chat")
    }

    @Test
    fun `an error event begins on a line of its own, wherever the model broke off`() {
        for ((sent, between) in listOf("data: {\"half" to "\n\n", "data: {}\n\n" to "", "data: {}\n" to "\n\n")) {
            val events = events(sent)
            ScriptedUpstream({ events }).use { upstream ->
                TestGateway(policyText(upstream.port)).use { router ->
                    // A client that asks for its usage gets every byte as it comes.
                    router.stream("Hello", fields = ""","stream_options":{"include_usage":true}""").body().use { body ->
                        body.readNBytes(sent.length).decodeToString() shouldBe sent
                        events.cut()
                        val rest = body.readAllBytes().decodeToString()
                        rest shouldStartWith "${between}data: {\"error\""
                        rest shouldEndWith "}\n\n"
                    }
                }
            }
        }
    }

    /** A stream that stays open behind [text]. */
    private fun events(text: String): HttpResponseWriter =
        HttpResponse.streaming().apply {
            write(ResponseHeaders.builder(HttpStatus.OK).contentType(MediaType.EVENT_STREAM).build())
            write(HttpData.ofUtf8(text))
        }
}
