package routercluster.gateway.classify

import com.linecorp.armeria.server.Server
import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.TestGateway
import routercluster.gateway.bundling
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.policyText
import routercluster.gateway.policyWith
import routercluster.gateway.upstream.WAIT_SECONDS
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.policy.encode.EncodeFailure
import java.net.Socket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** Calls that get no answer, and why. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedCallsTest {
    private val api = ApiRouter()

    @AfterAll
    fun close() = api.close()

    private class Row(val path: String, val body: String, val status: Int, val code: String, val param: String? = null)

    private val rows =
        listOf(
            Row("classify/pii", "{", 400, "invalid_json"),
            Row("classify/pii", "", 400, "invalid_json"),
            Row("classify/pii", "[]", 400, "invalid_type"),
            Row("classify/pii", """{"text":"secret","text":"secret"}""", 400, "duplicate_key"),
            Row("classify/pii", "{}", 400, "missing_field", "text"),
            Row("classify/pii", """{"text":null}""", 400, "missing_field", "text"),
            Row("classify/pii", """{"text":5}""", 400, "invalid_type", "text"),
            Row("classify/pii", """{"text":""}""", 400, "invalid_value", "text"),
            Row("classify/pii", """{"text":"${"x".repeat(65_537)}"}""", 400, "invalid_value", "text"),
            Row("classify/pii", """{"text":"${"x".repeat(2 * 1024 * 1024)}"}""", 413, "body_too_large"),
            Row("classify/pii", """{"text":"secret","option":{}}""", 400, "unknown_field"),
            Row("classify/pii", """{"text":"secret","options":{"mask":true}}""", 400, "unknown_field", "options"),
            Row("classify/pii", """{"text":"secret","options":[]}""", 400, "invalid_type", "options"),
            Row("classify/pii", """{"text":"secret","options":{"mask_entities":1}}""", 400, "invalid_type", "options.mask_entities"),
            Row(
                "classify/pii",
                """{"text":"secret","options":{"confidence_threshold":1.1}}""",
                400,
                "invalid_value",
                "options.confidence_threshold",
            ),
            Row("classify/pii", """{"text":"secret","options":{"offset_unit":"byte"}}""", 400, "invalid_value", "options.offset_unit"),
            Row(
                "classify/pii",
                """{"text":"secret","options":{"entity_types":["AGE"]}}""",
                422,
                "unknown_entity_type",
                "options.entity_types",
            ),
            Row("classify/pii", """{"text":"secret","options":{"entity_types":[]}}""", 400, "invalid_value", "options.entity_types"),
            Row("classify/batch", """{"texts":[]}""", 400, "invalid_value", "texts"),
            Row("classify/batch", """{"texts":"secret"}""", 400, "invalid_type", "texts"),
            Row("classify/batch", """{"texts":["secret",5]}""", 400, "invalid_type", "texts[1]"),
            Row("classify/batch", """{"texts":[${List(257) { "\"x\"" }.joinToString()}]}""", 400, "invalid_value", "texts"),
            Row(
                "classify/batch",
                """{"texts":[${List(5) { "\"" + "x".repeat(60_000) + "\"" }.joinToString()}]}""",
                413,
                "texts_too_long",
                "texts[4]",
            ),
            Row("classify/batch", """{"texts":["secret"],"task_type":"mood"}""", 400, "invalid_value", "task_type"),
            Row("classify/intent", "{}", 400, "missing_field", "text"),
            Row("classify/intent", """{"text":"secret","messages":[]}""", 400, "missing_field", "text"),
            Row("classify/intent", """{"messages":[{"content":"secret"}]}""", 400, "missing_field", "messages[0].role"),
            Row("classify/intent", """{"messages":[{"role":"system","content":"secret"}]}""", 422, "no_user_text", "messages"),
            Row("classify/intent", """{"text":"secret","tools":5}""", 400, "invalid_type", "tools"),
            Row("classify/intent", """{"text":"secret","model":"nobody"}""", 404, "model_not_found", "model"),
            Row("nli", """{"premise":"secret"}""", 400, "missing_field", "hypothesis"),
            Row("embeddings", """{"texts":["secret"],"dimension":0}""", 400, "invalid_value", "dimension"),
            Row("embeddings", """{"texts":["secret"],"dimension":1.5}""", 400, "invalid_type", "dimension"),
            Row("embeddings", """{"texts":["secret"],"dimension":33}""", 422, "too_many_dimensions", "dimensions"),
            Row("embeddings", """{"texts":["secret"],"images":["secret"]}""", 400, "unknown_field"),
            Row("similarity/batch", """{"query":"secret","candidates":["x"],"top_k":0}""", 400, "invalid_value", "top_k"),
            Row("/v1/embeddings", """{"input":"secret"}""", 400, "missing_field", "model"),
            Row("/v1/embeddings", """{"input":[1,2],"model":"default"}""", 400, "invalid_type", "input[0]"),
            Row("/v1/embeddings", """{"input":"secret","model":"gone"}""", 404, "model_not_found", "model"),
            Row("/v1/rerank", """{"query":"x","documents":[{"title":"secret"}]}""", 400, "invalid_type", "documents[0]"),
        )

    @Test
    fun `what is wrong with a call is told by code and field, and never quotes a text`() =
        assertSoftly {
            for (row in rows) {
                val answer = api.call(if (row.path.startsWith("/")) row.path else "/api/v1/${row.path}", row.body)
                withClue("${row.path} ${row.body.take(80)}: ${answer.body}") {
                    listOf(answer.status, answer.code, answer.json["error"]["param"].textValue()) shouldBe
                        listOf(row.status, row.code, row.param)
                    answer.body shouldNotContain "secret"
                }
            }
        }

    @Test
    fun `only JSON in UTF-8 is taken, by the method of the path`() {
        val port = api.router.running.adminPort
        val body = """{"text":"x"}""".toByteArray()
        val plain = answered(request(port, "/api/v1/classify/pii", body, "text/plain"))
        plain.statusCode() shouldBe 415
        plain.body() shouldContain "unsupported_content_type"
        answered(request(port, "/api/v1/classify/pii", byteArrayOf(0xC3.toByte()) + body)).body() shouldContain "invalid_utf8"
        val deleted = answered(HttpRequest.newBuilder(URI("http://127.0.0.1:$port/api/v1/nli")).DELETE().build())
        (deleted.statusCode() to deleted.headers().firstValue("allow").get()) shouldBe (405 to "POST")
    }

    @Test
    fun `a policy that is not ready yet cannot be asked`() {
        val encoder = ScriptedEncoder("default", apiHeads).also { it.hold() }
        val text = policyText(1, signals = "classifiers: [{name: law, examples: [wills]}]").replace(
            "decisions: []",
            "decisions: [{name: lawyer, rules: {type: classifier, name: law}, modelRefs: [{model: large}]}]",
        )
        TestGateway(text, encoders = { encoder }, load = { it, file -> policyWith(bundling(apiHeads), it, file) }).use { router ->
            encoder.next()
            val refused = router.call("/api/v1/classify/pii", """{"text":"x"}""")
            (refused.status to refused.code) shouldBe (503 to "starting")
            encoder.release()
            while (router.admin("/readyz").status != 200) Thread.onSpinWait()
            router.call("/api/v1/classify/pii", """{"text":"x"}""").status shouldBe 200
        }
    }

    @Test
    fun `what encoders fail with has a code, and says when to try again`() {
        api.call("/api/v1/classify/pii", """{"text":"warm"}""").status shouldBe 200
        val failures =
            listOf(
                EncodeFailure.Overloaded("the queue is full") to listOf(429, "overloaded", "1"),
                EncodeFailure.Unavailable("it is closed") to listOf(503, "encoder_unavailable", "1"),
                EncodeFailure.TimedOut("it is late") to listOf(504, "encoder_timeout", "1"),
                EncodeFailure.Refused("no such layer") to listOf(422, "encoder_refused", null),
            )
        for ((failure, expected) in failures) {
            api.encoder.failure = failure
            val answer = api.call("/api/v1/classify/pii", """{"text":"x"}""")
            listOf(answer.status, answer.code, answer.header("retry-after")) shouldBe expected
        }
        api.encoder.failure = null
        api.call("/api/v1/classify/pii", """{"text":"x"}""").status shouldBe 200
    }

    @Test
    fun `a head that the policy lacks or has switched off is named`() {
        val off = "global: {model_catalog: {modules: {classifier: {pii: {enabled: false}}}}}"
        ApiRouter(heads = apiHeads - "nli", more = off).use { poor ->
            val nli = poor.call("/api/v1/nli", """{"premise":"x","hypothesis":"y"}""")
            (nli.status to nli.code) shouldBe (404 to "head_not_found")
            val pii = poor.call("/api/v1/classify/pii", """{"text":"x"}""")
            pii.json["error"]["message"].textValue() shouldBe "This needs an encoder head for pii, and the policy has switched it off"
            // Nothing was opened to say so.
            poor.opened.size shouldBe 0
        }
    }

    @Test
    fun `encoders are opened by the first call, once, and tried again where that failed`() {
        var fault: EncodeFailure? = EncodeFailure.Unavailable("model.onnx is missing")
        val opened = mutableListOf<String>()
        val opener = EncoderOpener { settings ->
            fault?.let { throw it }
                ?: ScriptedEncoder(settings.name, apiHeads).also { opened += settings.name }
        }
        TestGateway(policyText(1), encoders = opener, load = { text, file -> policyWith(bundling(apiHeads), text, file) }).use { router ->
            router.admin("/status").json.has("encoders") shouldBe false
            val refused = router.call("/api/v1/classify/pii", """{"text":"x"}""")
            (refused.status to refused.code) shouldBe (503 to "encoder_unavailable")
            refused.body shouldContain "model.onnx is missing"
            fault = null
            repeat(3) { router.call("/api/v1/classify/pii", """{"text":"x"}""").status shouldBe 200 }
            opened shouldBe listOf("default")
            router.admin("/status").json["encoders"].has("default") shouldBe true
        }
    }

    @Test
    fun `an encoder that is late is not waited for, and need not go on`() {
        val encoder = ScriptedEncoder("default", apiHeads).also { it.hold() }
        val late = ClassificationApi(api.router.running.keeper::enter, EncoderPool({ encoder }), Duration.ofMillis(20))
        val server = Server
            .builder()
            .http(0)
            .apply(late::addTo)
            .build()
        server.start().join()
        try {
            val answer = send(server.activeLocalPort(), "/api/v1/classify/pii", """{"text":"x"}""").get(WAIT_SECONDS, TimeUnit.SECONDS)
            answer.statusCode() shouldBe 504
            answer.body() shouldContain "encoder_timeout"
            while (encoder.cancelled == 0) Thread.onSpinWait()
        } finally {
            server.stop().join()
            encoder.close()
        }
    }

    @Test
    fun `what a caller who leaves has asked for is given up`() {
        ApiRouter().use { left ->
            left.call("/api/v1/classify/pii", """{"text":"warm"}""").status shouldBe 200
            left.encoder.next()
            left.encoder.hold()
            val head = "POST /api/v1/classify/pii HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n"
            Socket("127.0.0.1", left.router.running.adminPort).use { caller ->
                caller.getOutputStream().apply { write((head + """{"text":"x"}""").toByteArray()) }.flush()
                left.encoder.next()
            }
            while (left.encoder.cancelled == 0) Thread.onSpinWait()
            left.encoder.release()
        }
    }

    @Test
    fun `more calls than the bound are refused, and those inside are answered`() {
        ApiRouter().use { busy ->
            busy.call("/api/v1/classify/pii", """{"text":"warm"}""").status shouldBe 200
            busy.encoder.next()
            busy.encoder.hold()
            val port = busy.router.running.adminPort
            val inside = List(ApiLimits.CALLS_MAX) { send(port, "/api/v1/classify/pii", """{"text":"x"}""") }
            repeat(ApiLimits.CALLS_MAX) { busy.encoder.next() }
            val refused = busy.call("/api/v1/classify/pii", """{"text":"x"}""")
            (refused.status to refused.code) shouldBe (429 to "overloaded")
            busy.encoder.release()
            inside.map { it.get(WAIT_SECONDS, TimeUnit.SECONDS).statusCode() }.toSet() shouldBe setOf(200)
        }
    }

    private fun send(port: Int, path: String, body: String): CompletableFuture<HttpResponse<String>> =
        client.sendAsync(request(port, path, body.toByteArray()), HttpResponse.BodyHandlers.ofString())

    private fun answered(request: HttpRequest): HttpResponse<String> = client.send(request, HttpResponse.BodyHandlers.ofString())

    private fun request(port: Int, path: String, body: ByteArray, type: String = "application/json"): HttpRequest =
        HttpRequest
            .newBuilder(URI("http://127.0.0.1:$port$path"))
            .header("content-type", type)
            .timeout(Duration.ofSeconds(WAIT_SECONDS))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build()

    private companion object {
        val client: HttpClient = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    }
}
