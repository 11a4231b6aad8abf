package routercluster.gateway.classify

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import routercluster.mock.Script
import routercluster.mock.mockLlm

/** What the API tells of texts. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClassificationApiTest {
    private val api = ApiRouter()

    @AfterAll
    fun close() = api.close()

    @Test
    fun `every task judges by the policy's heads and thresholds`() {
        val rows =
            listOf(
                Triple(
                    "classify/security",
                    """{"text":"a jailbreak"}""",
                    """{"is_jailbreak":true,"risk_score":0.95,"recommendation":"block","detection_types":["jailbreak"]}""",
                ),
                Triple(
                    "classify/security",
                    """{"text":"a jailbreak","options":{"confidence_threshold":0.96}}""",
                    """{"is_jailbreak":false,"recommendation":"allow","detection_types":[]}""",
                ),
                Triple(
                    "classify/fact-check",
                    """{"text":"this needs_fact_check"}""",
                    """{"needs_fact_check":true,"label":"needs_fact_check","confidence":0.95}""",
                ),
                Triple(
                    "classify/fact-check",
                    """{"text":"hello"}""",
                    """{"needs_fact_check":false,"label":"no_fact_check_needed","confidence":0.95}""",
                ),
                Triple(
                    "classify/user-feedback",
                    """{"text":"a wrong_answer"}""",
                    """{"feedback_type":"wrong_answer","label":"wrong_answer","confidence":0.95}""",
                ),
                Triple("classify/user-feedback", """{"text":"thanks","options":null}""", """{"feedback_type":"satisfied"}"""),
                Triple(
                    "classify/pii",
                    """{"text":"hello"}""",
                    """{"has_pii":false,"entities":[],"security_recommendation":"allow","offset_unit":"code_point"}""",
                ),
                Triple(
                    "nli",
                    """{"premise":"it rains","hypothesis":"a contradiction"}""",
                    """{"label":"contradiction","confidence":0.95,"abstained":false}""",
                ),
                Triple(
                    "classify/intent",
                    """{"text":"a question of law"}""",
                    """{"classification":{"category":"law","confidence":0.95,"abstained":false}}""",
                ),
                Triple(
                    "classify/intent",
                    """{"text":"law","options":{"confidence_threshold":0.99,"return_probabilities":true}}""",
                    """{"classification":{"category":"other"},"probabilities":{"law":0.95,"math":0.025}}""",
                ),
            )
        for ((path, body, expected) in rows) {
            val answer = api.call("/api/v1/$path", body)
            withClue("$path $body: ${answer.body}") {
                answer.status shouldBe 200
                answer.json.like(json(expected)) shouldBe json(expected)
                answer.json["coverage"]["complete"].booleanValue() shouldBe true
            }
        }
    }

    @Test
    fun `a request is evaluated signal by signal`() {
        val answer = api.call("/api/v1/eval", """{"text":"a question of law"}""")
        withClue(answer.body) {
            answer.status shouldBe 200
            val json = answer.json
            json["original_text"].textValue() shouldBe "a question of law"
            json["recipe"].textValue() shouldBe "default"
            json["selection_status"].textValue() shouldBe "selected"
            json["recommended_models"][0] shouldBe json["selected_model"]
            val trace = json["eval_trace"]
            trace.all { it["truth"].textValue() != "open" } shouldBe true
            trace.filter { it["picked"].booleanValue() }.map { it["decision_name"] } shouldBe
                listOfNotNull(json["decision_result"]["decision_name"])
        }
        val brief = api.call("/api/v1/eval", """{"text":"law","options":{"trace":false,"evaluate_all_signals":false}}""")
        brief.status shouldBe 200
        brief.json.has("eval_trace") shouldBe false
        api.call("/api/v1/eval", """{"messages":[],"text":"x"}""").status shouldBe 400
    }

    @Test
    fun `personal data is told with its place, masked and shown as asked`() {
        val text = "😀 this person wrote to email_address"

        fun pii(options: String) = api.call("/api/v1/classify/pii", """{"text":"$text","options":{$options}}""").json

        val plain = pii("")
        plain["entities"].map { listOf(it["type"].textValue(), it["start"].intValue(), it["end"].intValue()) } shouldBe
            listOf(listOf("PERSON", 7, 13), listOf("EMAIL_ADDRESS", 23, 36))
        listOf("masked_text", "value", "masked_value").filter { it in plain.toString() } shouldBe emptyList()

        val masked = pii(""""mask_entities":true,"offset_unit":"utf16","reveal_entity_text":true""")
        masked["masked_text"].textValue() shouldBe "😀 this [PERSON] wrote to [EMAIL_ADDRESS]"
        masked["offset_unit"].textValue() shouldBe "utf16"
        for (entity in masked["entities"]) {
            text.substring(entity["start"].intValue(), entity["end"].intValue()) shouldBe entity["value"].textValue()
        }
        masked["entities"].map { it["masked_value"].textValue() } shouldBe listOf("[PERSON]", "[EMAIL_ADDRESS]")

        val some = pii(""""entity_types":["PERSON"],"return_positions":false""")
        some["entities"].single() shouldBe json("""{"type":"PERSON","confidence":0.95}""")
    }

    @Test
    fun `a combined call and a batch are one request to the encoders`() {
        api.call("/api/v1/classify/combined", """{"text":"warm"}""").status shouldBe 200
        val before = api.encoder.requests.size
        val combined = api.call("/api/v1/classify/combined", """{"text":"a person asks of law","options":{"mask_entities":true}}""").json
        val expected =
            """{"intent":{"category":"law"},"pii":{"has_pii":true,"masked_text":"a [PERSON] asks of law"},"security":{"is_jailbreak":false}}"""
        combined.like(json(expected)) shouldBe json(expected)
        val asked = api.encoder.requests
            .drop(before)
            .single()
            .passages
            .single()
        asked.heads.map { it.head }.toSet() shouldBe setOf("domain", "pii", "jailbreak")

        val batch = api.call("/api/v1/classify/batch", """{"texts":["law","math","law","hello"]}""").json
        batch["results"].map { it["category"].textValue() } shouldBe listOf("law", "math", "law", "other")
        batch["statistics"].like(json("""{"category_distribution":{"law":0,"math":0,"other":0}}""")) shouldBe
            json("""{"category_distribution":{"law":2,"math":1,"other":1}}""")
        // Equal texts are read once.
        api.encoder.requests
            .drop(before + 1)
            .single()
            .passages
            .map { it.text } shouldBe listOf("law", "math", "hello")

        val guarded = api.call("/api/v1/classify/batch", """{"texts":["a jailbreak","hello"],"task_type":"security"}""").json
        guarded["statistics"]["category_distribution"] shouldBe json("""{"benign":1,"jailbreak":1}""")
    }

    @Test
    fun `an intent's routing is what the door then does`() {
        val llm = mockLlm(Script(models = listOf("small", "large-2")))
        val lawyer = "decisions:\n    - {name: lawyer, priority: 5, rules: {type: classifier, name: law}, modelRefs: [{model: large}]}\n"
        val canned = "plugins: [{type: fast_response, configuration: {message: No.}}]"
        val decisions = mapOf("urgent" to "modelRefs: [{model: large}]", "canned" to canned)
        val router =
            ApiRouter(llm.port, signals = "classifiers: [{name: law}]", decisions = decisions) { it.replace("decisions:\n", lawyer) }
        router.use { learned ->
            while (learned.router.admin("/readyz").status != 200) Thread.onSpinWait()
            for (prompt in listOf("a question of law", "urgent: law", "canned", "hello")) {
                withClue(prompt) {
                    val body = """{"text":"$prompt","options":{"trace":true,"include_explanation":true}}"""
                    val told = learned.call("/api/v1/classify/intent", body).json
                    val done = learned.router.chat(prompt)
                    val names = told["routing_decision"].textValue() to told["recommended_model"].textValue()
                    names shouldBe done.headers("x-vsr-selected-decision", "x-vsr-selected-model").let { it[0] to it[1] }
                    told["trace"]["decision"] shouldBe told["routing_decision"]
                    told["decisions"].map { it["name"].textValue() } shouldBe listOf("lawyer", "urgent", "canned")
                }
            }
            val messages = listOf("user" to "law", "assistant" to "?", "user" to "urgent").joinToString { (role, text) ->
                """{"role":"$role","content":"$text"}"""
            }
            val matched = learned.call("/api/v1/classify/intent", """{"messages":[$messages]}""").json
            matched["matched_signals"] shouldBe json("""{"keyword":["urgent"]}""")
            matched["decision_result"]["matched_rules"] shouldBe json("""["keyword:urgent"]""")
            learned.call("/api/v1/classify/intent", """{"text":"law","model":"nobody"}""").code shouldBe "model_not_found"
            learned.opened.size shouldBe 1
            // What only asks is not kept as a decision.
            learned.router
                .admin("/decisions")
                .json["decisions"]
                .size() shouldBe 4
        }
        llm.close()
    }

    @Test
    fun `models are listed with what they serve`() {
        api.call("/api/v1/classify/security", """{"text":"warm"}""")
        val model = api.router
            .admin("/info/models")
            .json["models"]
            .single()
        listOf("name", "version", "device").map { model[it].textValue() } shouldBe listOf("default", "scripted", "cpu")
        model["loaded"].booleanValue() shouldBe true
        model["heads"].associate { it["name"].textValue() to it["serves"].map { slot -> slot.textValue() } } shouldBe
            mapOf(
                "embedding" to listOf("embedding", "preference"),
                "domain" to listOf("domain"),
                "jailbreak" to listOf("jailbreak"),
                "pii" to listOf("pii"),
                "fact_check" to listOf("fact_check"),
                "user_feedback" to listOf("user_feedback"),
                "nli" to listOf("nli"),
            )
    }

    @Test
    fun `the document names every endpoint`() {
        val paths = api.router
            .admin("/openapi.json")
            .json["paths"]
            .fieldNames()
            .asSequence()
            .toSet()
        val others = setOf("/info/models", "/openapi.json", "/policy", "/policy/history", "/cluster", "/cluster/drain")
        val cache = listOf("stats", "entries", "invalidate", "flush", "audit", "export", "warm-up").map { "/api/v1/cache/$it" }
        paths shouldBe classifyEndpoints.keys + vectorEndpoints.keys + others + cache
    }
}
