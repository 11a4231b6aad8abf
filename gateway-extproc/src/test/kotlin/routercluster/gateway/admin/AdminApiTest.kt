package routercluster.gateway.admin

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.gateway.KEY
import routercluster.gateway.TestGateway
import routercluster.gateway.http.Admission
import routercluster.gateway.policyOf
import routercluster.gateway.policyText
import routercluster.mock.mockLlm
import routercluster.policy.record.decisionRecordOf
import routercluster.telemetry.RouterEvent

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminApiTest {
    private val mock = mockLlm()
    private val policy =
        policyText(
            mock.port,
            mapOf(
                "hard" to "modelRefs: [{model: large}]",
                "canned" to "plugins: [{type: fast_response, configuration: {message: Closed.}}]",
            ),
        )
    private val router = TestGateway(policy)

    @AfterAll
    fun close() {
        router.close()
        mock.close()
    }

    @Test
    fun `says that it lives and is ready`() {
        listOf(router.running.adminPort, router.running.port).forEach { port ->
            router.get("/healthz", port).status shouldBe 200
            val ready = router.get("/readyz", port)
            (ready.status to ready.json["not_ready"].size()) shouldBe (200 to 0)
        }
    }

    @Test
    fun `exports records with what came of them, from where the last page ended`() {
        TestGateway(policy).use { router ->
            val ids = List(3) { router.chat("hard").header("x-request-id") }
            router.heard.await<RouterEvent.Left>(3)
            val all = router.admin("/decisions/export")
            all.header("content-type") shouldBe "application/x-ndjson"
            val records = all.body
                .trimEnd()
                .lines()
                .map(::decisionRecordOf)
            records.map { it.id } shouldBe ids
            records.first().let { record ->
                record.end?.status shouldBe 200
                record.propensities shouldBe mapOf("large" to 1.0)
                record.served shouldBe "large"
            }
            val page = router.admin("/decisions/export?after=${ids[0]}&limit=1")
            decisionRecordOf(page.body).id shouldBe ids[1]
            router.admin("/decisions/export?after=${ids[2]}").body shouldBe ""
            listOf("0", "1001", "x").forEach { router.admin("/decisions/export?limit=$it").status shouldBe 400 }
        }
    }

    @Test
    fun `names what is not ready`() {
        val admission = Admission()
        val readiness = Readiness(admission)
        readiness.missing() shouldBe emptyList()
        readiness.awaits("tables: being loaded")
        readiness.missing() shouldBe listOf("tables: being loaded")
        admission.drain()
        readiness.missing() shouldBe listOf("draining: this node is shutting down", "tables: being loaded")
        readiness.reached("tables: being loaded")
        readiness.missing() shouldBe listOf("draining: this node is shutting down")
    }

    @Test
    fun `names what it does without, for as long as it does`() {
        var trouble = listOf("kept state: away")
        val readiness = Readiness(Admission()) { trouble }
        readiness.suffers("policy: not loaded")
        readiness.degraded() shouldBe listOf("policy: not loaded", "kept state: away")
        readiness.missing() shouldBe emptyList()
        trouble = emptyList()
        readiness.reached("policy: not loaded")
        readiness.degraded() shouldBe emptyList()
    }

    @Test
    fun `tells its state`() {
        val status = router.admin("/status").json
        status["version"].textValue() shouldBe "test"
        status["policy"]["revision"].textValue() shouldBe policyOf(policy).revision
        status["policy"]["last_load_ok"].booleanValue() shouldBe true
        status["ports"].properties().associate { it.key to it.value.intValue() } shouldBe
            mapOf("http" to router.running.port, "extproc" to router.running.extProcPort, "admin" to router.running.adminPort)
        status["upstreams"].properties().associate { it.key to it.value.textValue() } shouldBe mapOf("small/a" to "fit", "large/b" to "fit")
    }

    @Test
    fun `tells what the policy asks for in vain`() {
        val text = policyText(mock.port, mapOf("found" to "plugins: [{type: rag, configuration: {backend: qdrant}}]"))
        TestGateway(text).use { gateway ->
            val told = gateway.admin("/status").json["policy"]["inactive"].map { it.textValue() }
            told.single() shouldContain "rag is not built yet: nothing is retrieved"
            gateway.admin("/metrics").body shouldContain "router_policy_inactive{feature=\"rag\",protects=\"false\"} 1"
        }
    }

    @Test
    fun `lists models with their upstreams and prices`() {
        val models = router.admin("/models").json
        models["default"].textValue() shouldBe "small"
        models["models"].map { it["name"].textValue() } shouldBe listOf("small", "large")
        models["models"][1]["prompt_per_1m"].doubleValue() shouldBe 20.0
    }

    @Test
    fun `counts what was asked`() {
        router.heard.forget()
        router.chat("Something hard").status shouldBe 200
        router.chat("The canned one").status shouldBe 200
        router.chat("Hello", model = "nobody").status shouldBe 404
        router.post(TestGateway.CHAT, "{").status shouldBe 400
        router.heard.await<RouterEvent.Left>(4)
        val lines = router.admin("/metrics").body.lines()
        lines.map { it.substringBeforeLast(' ') } shouldContainAll
            listOf(
                """router_requests_total{decision="hard",model="large",path="upstream",recipe="default",status="200"}""",
                """router_requests_total{decision="canned",model="",path="fast_response",recipe="default",status="200"}""",
                """router_attempts_total{hedge="false",model="large",outcome="ok",upstream="large/b"}""",
                """router_refusals_total{code="invalid_json",status="400"}""",
                """router_cost_total{currency="EUR",estimated="false",model="large"}""",
                """llm_signal_match_total{signal_name="hard",signal_type="keyword"}""",
            )
        lines.single { it.startsWith("router_requests_in_flight") } shouldBe "router_requests_in_flight 0.0"
    }

    @Test
    fun `shows decision records`() {
        router.chat("Something hard", "x-request-id" to "team/1:a").status shouldBe 200
        val answer = router.admin("/decisions/team/1:a")
        val record = decisionRecordOf(answer.body)
        listOf(record.id, record.asked, record.recipe, record.decision) shouldBe listOf("team/1:a", "auto", "default", "hard")
        record.candidates.map { it.model } shouldBe listOf("large")
        router.admin("/decisions/unknown").status shouldBe 404
    }

    @Test
    fun `refuses other paths in JSON`() {
        val rows = listOf("/nowhere" to 404, "/decisions/" to 404, "/models/small" to 404)
        assertSoftly {
            rows.forEach { (path, status) ->
                withClue(path) {
                    val answer = router.admin(path)
                    answer.status shouldBe status
                    answer.json.has("error") shouldBe true
                }
            }
        }
    }

    @Test
    fun `shows neither keys nor prompts`() {
        val prompt = "Something hard and confidential-7f3"
        router.chat(prompt, "authorization" to "Bearer sk-of-client", "x-request-id" to "quiet")
        router.chat(prompt, model = "confidential-7f3")
        val pages = listOf("/status", "/models", "/metrics", "/decisions/quiet", "/readyz", "/healthz").map { router.admin(it).body }
        assertSoftly {
            pages.forEach { page ->
                page shouldNotContain KEY
                page shouldNotContain "sk-of-client"
                page shouldNotContain "confidential-7f3"
            }
        }
    }

    @Test
    fun `offers metrics unless the policy switches them off`() {
        router.admin("/metrics").header("content-type").orEmpty() shouldContain "text/plain"
        val off = "global: {services: {observability: {metrics: {enabled: false}}}}"
        TestGateway(policyText(mock.port, more = off)).use { it.admin("/metrics").status shouldBe 404 }
    }

    @Test
    fun `is ready once the tables of its policy are loaded`() {
        val signals = "context: [{name: long, min_tokens: 32K}]"
        TestGateway(policyText(mock.port, signals = signals)).use { router ->
            router.chat("Hello").status shouldBe 200
            while (router.admin("/readyz").status != 200) Thread.onSpinWait()
        }
    }
}
