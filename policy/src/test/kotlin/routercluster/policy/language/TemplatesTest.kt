package routercluster.policy.language

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.config.loadPolicy
import routercluster.policy.dsl.check
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.writeProgram

/** Templates where no encoder is at hand; those that take one are tried through the command. */
class TemplatesTest {
    private val written =
        """
        version: v0.3
        providers:
          defaults: {default_model: house-8b}
          models:
            - {name: house-8b, backend_refs: [{endpoint: "10.1.2.3:8000"}], pricing: {prompt_per_1m: 0.1, completion_per_1m: 0.2}}
            - {name: cloud-big, backend_refs: [{base_url: "https://api.example.com/v1"}], pricing: {prompt_per_1m: 3, completion_per_1m: 9}}
        routing:
          modelCards: [{name: house-8b, param_size: 8B}, {name: cloud-big, param_size: 400B, tags: [premium]}]
        """.trimIndent()

    private val policy = loadPolicy(written, "policy.yaml", { null })

    private fun made(request: String, base: String = "ROUTE code { PRIORITY 100 MODEL house-8b WHEN keyword(\"code\") }") =
        fromTemplates(request, parseProgram(base, "base.dsl").program, policy)

    private fun text(request: String, base: String = "") = writeProgram(made(request, base).addition)

    private fun routes(request: String): List<String> =
        text(request).split("\n\n").filter { it.startsWith("ROUTE") }.map { it.trim().lines().joinToString(" ") { line -> line.trim() } }

    @TestFactory
    fun `a wish becomes a route`(): List<DynamicTest> =
        listOf(
            "send contract questions to the premium model" to
                "ROUTE contract { PRIORITY 10 WHEN keyword(\"contract\") MODEL cloud-big }",
            "Please route anything about invoices or refunds to the cheapest model." to
                "ROUTE invoice_refund { PRIORITY 10 WHEN keyword(\"invoice\") OR keyword(\"refund\") MODEL house-8b }",
            "code goes to cloud-big" to "ROUTE code { PRIORITY 10 WHEN keyword(\"code\") MODEL cloud-big }",
            "requests in German must go to the fastest model" to "ROUTE german { PRIORITY 10 WHEN language(\"de\") MODEL house-8b }",
            "send prompts with more than 32K tokens to the largest model" to
                "ROUTE long { PRIORITY 10 WHEN context(\"from_32K\") MODEL cloud-big }",
            "use cloud for long documents" to "ROUTE long { PRIORITY 10 WHEN context(\"from_8K\") MODEL cloud-big }",
            "send French or Spanish tax law questions over 1,000 tokens to the local model" to
                "ROUTE french_long_spanish_tax_law { PRIORITY 10 " +
                "WHEN (language(\"fr\") OR language(\"es\")) AND context(\"from_1000\") AND keyword(\"tax_law\") MODEL house-8b }",
            "block anything that mentions \"Project X\" with the message \"Not here.\"" to
                "ROUTE project_x { PRIORITY 10 WHEN keyword(\"project_x\") PLUGIN fast_response { message: \"Not here.\" } }",
            "for refund questions, add the system prompt \"Be kind.\"" to
                "ROUTE refund { PRIORITY 10 WHEN keyword(\"refund\") PLUGIN system_prompt { system_prompt: \"Be kind.\" } }",
            "everything else to house-8b" to "ROUTE otherwise { PRIORITY -10 MODEL house-8b }",
            "use the cheapest model by default" to "ROUTE otherwise { PRIORITY -10 MODEL house-8b }",
            "keep salaries in-house" to "ROUTE salary { PRIORITY 10 WHEN keyword(\"salary\") MODEL house-8b }",
        ).map { (request, route) -> dynamicTest(request) { routes(request) shouldBe listOf(route) } }

    @TestFactory
    fun `what is not understood is told with the reason`(): List<DynamicTest> =
        listOf(
            "sing a song" to "has none of the forms that templates know",
            "send code to gpt-5" to "no model is called \"gpt-5\"; accepted: house-8b, cloud-big",
            "send code to cloud-bg" to "did you mean cloud-big?",
            "send everything without code to cloud-big" to "\"without\" turns the meaning around",
            "keep everything local" to "other routes take requests too",
            "block long or German questions" to "can be meant in two ways",
            "block contracts and French invoices" to "can be meant in two ways",
            "keep personal data local" to "it takes an encoder head for pii, and there is no encoder",
            "send questions to cloud-big" to "\"questions\" names no requests",
        ).map { (request, reason) ->
            dynamicTest(request) {
                val made = made(request)
                made.addition.items.shouldBeEmpty()
                made.notUnderstood.single().reason shouldContain reason
            }
        }

    @Test
    fun `parts are told apart, and the rest is made although one is not understood`() {
        val request = "send contracts, invoices and offers to cloud-big, block refunds and say \"No, no.\"; sing. Otherwise use house-8b"
        clausesOf(request) shouldBe
            listOf(
                "send contracts, invoices and offers to cloud-big",
                "block refunds and say \"No, no.\"",
                "sing",
                "Otherwise use house-8b",
            )
        val made = made(request)
        made.notUnderstood.map { it.text } shouldBe listOf("sing")
        routes(request).map { it.substringBefore(" WHEN") } shouldBe
            listOf(
                "ROUTE refund { PRIORITY 20",
                "ROUTE contract_invoice_offer { PRIORITY 10",
                "ROUTE otherwise { PRIORITY -10 MODEL house-8b }",
            )
    }

    @Test
    fun `new routes stand above those of the base, and take its signals and its last route`() {
        val base =
            "SIGNAL keyword refund { operator: \"OR\" keywords: [\"money back\"] }\n" +
                "ROUTE refund { PRIORITY 70 TIER 2 WHEN keyword(\"refund\") }\nROUTE rest (description = \"All.\") { PRIORITY 1 MODEL house-8b }"
        val made = text("send refunds to cloud-big, everything else to cloud-big", base)
        made shouldNotContain "SIGNAL"
        made shouldContain "ROUTE refund_2 {\n  PRIORITY 80\n  TIER 2"
        made shouldContain "ROUTE rest (description = \"All.\") {\n  PRIORITY 1\n  MODEL cloud-big\n}"
    }

    @TestFactory
    fun `new routes do not pass what the base refuses or protects`(): List<DynamicTest> {
        val guards =
            "ROUTE refuse { PRIORITY 90 PLUGIN fast_response { message: \"No.\" } WHEN jailbreak(\"a\") }\n" +
                "ROUTE inside { PRIORITY 80 WHEN pii(\"p\") MODEL house-8b }\nROUTE other { PRIORITY 50 WHEN language(\"de\") }\n"
        return listOf(
            Triple("guards", guards, mapOf("refund" to "PRIORITY 120", "salary" to "PRIORITY 85", "offer" to "PRIORITY 70")),
            Triple(
                "no room",
                guards.replace("50", "79"),
                mapOf(
                    "refund" to "PRIORITY 120",
                    "salary" to "PRIORITY 85",
                    "offer" to "PRIORITY 79",
                ),
            ),
            Triple(
                "tiers",
                guards.replace("PRIORITY 80", "PRIORITY 80 TIER 3").replace("PRIORITY 90", "PRIORITY 90 TIER 1"),
                mapOf("refund" to "PRIORITY 120\n  TIER 1", "salary" to "PRIORITY 85\n  TIER 1", "offer" to "PRIORITY 70\n  TIER 3"),
            ),
        ).map { (name, base, places) ->
            dynamicTest(name) {
                val text = text("send offers to cloud-big, keep salaries local, block refunds", base)
                places.forEach { (route, place) -> text shouldContain "ROUTE $route {\n  $place\n  WHEN" }
            }
        }
    }

    @Test
    fun `the same kind of requests in two measures makes two routes`() {
        routes("send more than 32K tokens to cloud-big; send more than 2K tokens to house-8b").map { it.substringBefore(" {") } shouldBe
            listOf("ROUTE long", "ROUTE long_2")
    }

    @Test
    fun `where confidence ranks, tiers put the new routes above the others`() {
        val byConfidence = loadPolicy(written.replace("routing:", "routing:\n  strategy: confidence"), "policy.yaml", { null })
        val made = fromTemplates("send offers to cloud-big, block refunds", parseProgram("", "base.dsl").program, byConfidence)
        val text = writeProgram(made.addition)
        text shouldContain "ROUTE refund {\n  PRIORITY 20\n  TIER 1"
        text shouldContain "ROUTE offer {\n  PRIORITY 10\n  TIER 2"
    }

    @Test
    fun `a model and a system prompt for the same requests are one route`() {
        routes("for refunds, use cloud-big and for refunds, add the system prompt \"Be kind.\"").single() shouldContain
            "MODEL cloud-big PLUGIN system_prompt"
    }

    @Test
    fun `what is merged leaves the rest of the text as it is`() {
        val text =
            "# Ours.\nSIGNAL keyword a { operator: OR keywords: [\"a\"] } # first\nROUTE a { WHEN keyword(\"a\") }\n\n# Last.\n" +
                "TEST t { \"a\" -> a }\n"
        val base = parseProgram(text, "base.dsl")
        val addition = parseProgram("ROUTE a { PRIORITY 2 }\nSIGNAL language de {}\nROUTE b { WHEN language(\"de\") }", "new.dsl")
        val merged = merge(base, addition.program)
        merged shouldBe
            "# Ours.\nSIGNAL keyword a { operator: OR keywords: [\"a\"] } # first\n\nSIGNAL language de {}\n" +
            "ROUTE a {\n  PRIORITY 2\n}\n\n" +
            "ROUTE b {\n  WHEN language(\"de\")\n}\n\n# Last.\nTEST t { \"a\" -> a }\n"
        check(parseProgram(merged, "merged.dsl")).shouldBeEmpty()
        merge(parseProgram("", "empty.dsl"), addition.program) shouldContain "SIGNAL language de {}\n\nROUTE a {"
    }
}
