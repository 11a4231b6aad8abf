package routercluster.gateway.encode.remote

import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.gateway.TestGateway
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.policyText
import routercluster.gateway.testHeads
import routercluster.mock.Answer
import routercluster.mock.Script
import routercluster.mock.encoder.ScriptedEncoder
import routercluster.mock.mockLlm

/** Requests whose route depends on services, through the HTTP door. */
class RemoteRoutingTest {
    private val services = WordServices()
    private val llm = mockLlm(Script(models = listOf("small", "large-2")))
    private val opener = EncoderOpener { ScriptedEncoder(it.name, testHeads) }

    @AfterEach
    fun close() {
        services.close()
        llm.close()
    }

    private fun policy(guard: String = "http_classify", port: Int = services.port, parser: String = ""): String =
        policyText(
            llm.port,
            signals =
                """
                embeddings: [{name: wills, threshold: 0.7, candidates: [wills and contracts]}]
                jailbreak: [{name: guard}]
                """.trimIndent().prependIndent("            ").trimStart(),
            more =
                """
                global:
                  model_catalog:
                    embeddings:
                      semantic:
                        embedding_config: {backend: openai_compatible}
                        endpoint: {base_url: "http://127.0.0.1:${services.port}/base", model: bge, api_key_env: KEY, dimensions: 32}
                    external:
                      - name: watch
                        model_role: guardrail
                        llm_endpoint: {address: 127.0.0.1, port: $port}
                        llm_model_name: guard-1
                        access_key: $SERVICE_KEY
                        $parser
                    modules: {prompt_guard: {protocol: $guard}}
                """.trimIndent().prependIndent("        ").trimStart(),
        ).replace("decisions: []", DECISIONS)

    private fun router(text: String): TestGateway =
        TestGateway(text, encoders = opener).also { while (it.admin("/readyz").status != 200) Thread.onSpinWait() }

    @Test
    fun `a remote embedding model routes and a remote classifier guards`() {
        // The guard of the catalog has no path before its own.
        services.instead = { request -> classified(request.path(), request.contentUtf8()) }
        router(policy()).use { router ->
            router.chat("contracts and wills", "x-request-id" to "one").header("x-vsr-selected-decision") shouldBe "lawyer"
            router.chat("hello").header("x-vsr-selected-decision") shouldBe null
            router.chat("a jailbreak of wills and contracts").header("x-vsr-selected-decision") shouldBe "blocked"
            val record = router.admin("/decisions/one")
            record.body shouldContain "embedding_endpoint"
            record.body shouldNotContain "contracts"
            val status = router.admin("/status").json["encoders"]
            status["watch"]["device"].asText() shouldBe "http://127.0.0.1:${services.port}"
            status["embedding_endpoint"]["version"].asText() shouldBe "bge"
            status["watch"]["ready"].asBoolean() shouldBe true
            val watch = router.admin("/info/models").json["models"].single { it["name"].textValue() == "watch" }
            watch["device"] shouldBe status["watch"]["device"]
            watch["heads"].single()["serves"].map { it.textValue() } shouldBe listOf("jailbreak")
        }
        services.requests.none { SERVICE_KEY in it.contentUtf8() } shouldBe true
    }

    @Test
    fun `a guard that is away blocks, and an embedding model that is away only does not match`() {
        services.instead = { request -> classified(request.path(), request.contentUtf8()) }
        router(policy()).use { router ->
            services.instead = { HttpResponse.of(HttpStatus.INTERNAL_SERVER_ERROR) }
            val refused = router.chat("wills and contracts", "x-request-id" to "two")
            refused.status shouldBe 403
            router.admin("/decisions/two").body shouldContain "500 from"
            services.instead = { request ->
                classified(request.path(), request.contentUtf8()) ?: HttpResponse.of(HttpStatus.INTERNAL_SERVER_ERROR)
            }
            router.chat("wills and contracts").header("x-vsr-selected-decision") shouldBe null
        }
    }

    @Test
    fun `a language model guards over chat, and blocks where its answer names nothing`() {
        val guard = mockLlm(Script(answer = Answer.Text("Safety: Safe\nCategories: None")))
        guard.use {
            router(policy("http_chat", guard.port, "parser_type: qwen3guard")).use { router ->
                router.chat("wills and contracts").header("x-vsr-selected-decision") shouldBe "lawyer"
                guard.script = Script(answer = Answer.Text("Safety: Unsafe\nCategories: Jailbreak"))
                router.chat("hello").header("x-vsr-selected-decision") shouldBe "blocked"
                guard.script = Script(answer = Answer.Text("What a nice day"))
                router.chat("hello").status shouldBe 403
            }
        }
    }

    private fun classified(path: String, body: String): HttpResponse? {
        if (path != "/classify") return null
        val threat = if ("jailbreak" in body) 0.95 else 0.05
        val scores = mapOf("jailbreak" to threat, "benign" to 1 - threat)
        return HttpResponse.ofJson(scores.map { (label, score) -> mapOf("label" to label, "score" to score) })
    }

    private companion object {
        val DECISIONS =
            """
            decisions:
                - {name: blocked, priority: 9, rules: {type: jailbreak, name: guard}, modelRefs: [{model: large}]}
                - {name: lawyer, priority: 5, rules: {type: embedding, name: wills}, modelRefs: [{model: large}]}
            """.trimIndent()
    }
}
