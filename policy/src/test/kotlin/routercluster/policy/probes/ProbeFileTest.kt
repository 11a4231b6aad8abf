package routercluster.policy.probes

import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.Test
import routercluster.policy.Limits
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.loadPolicy
import routercluster.policy.request.Facts
import routercluster.policy.request.parseChat
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import kotlin.random.Random

/** Probe files from their text to the report. */
class ProbeFileTest {
    private val policy =
        loadPolicy(
            """
            version: v0.3
            providers:
              defaults: {default_model: small}
              models:
                - {name: small, backend_refs: [{endpoint: "localhost:1"}]}
                - {name: large, backend_refs: [{endpoint: "localhost:2"}]}
            routing:
              signals:
                keywords: [{name: urgent, operator: OR, keywords: [urgent]}]
                context: [{name: long, min_tokens: 1K, max_tokens: 100K}]
                conversation: [{name: pictures, feature: {type: exists, source: {type: image_content}}}]
              projections:
                scores: [{name: heat, inputs: [{type: keyword, name: urgent, weight: 1.0}]}]
                mappings: [{name: heat_bands, source: heat, outputs: [{name: hot, gte: 0.5}, {name: cold, lt: 0.5}]}]
              decisions:
                - {name: hurry, priority: 2, rules: {type: projection, name: hot}, modelRefs: [{model: large, use_reasoning: false}]}
                - {name: rest, priority: 1, rules: {operator: AND}, modelRefs: [{model: small, use_reasoning: false}]}
            """.trimIndent(),
            "p.yaml",
            { null },
        )

    @Test
    fun `a probe becomes the request that it describes`() {
        val file = readProbes(probes, "probes.yaml")

        fun body(id: String) = ObjectMapper().readTree(file.body(file.probes.single { it.id == id }, "auto"))
        body("padded")["messages"][0]["content"].textValue() shouldBe "a b \nurgent\nurgent\na b "
        val filled = body("filled")["messages"][0]["content"]
        filled.map { it["type"].textValue() } shouldBe listOf("text", "text", "image_url")
        filled.sumOf { it.path("text").asText().length } shouldBe 8_001
        filled[2]["image_url"]["url"].textValue() shouldBe "data:image/png;base64,QUJD"
        body("tools")["tools"].size() shouldBe 1
    }

    @Test
    fun `each probe is compared with what it expects`() {
        val file = readProbes(probes, "probes.yaml")
        val results = results(file).associateBy { it.probe.id }
        results.filterValues { it.passed }.keys shouldBe setOf("padded", "filled", "tools")
        results.getValue("wrong").differences.let { differences ->
            withClue(differences) {
                differences[0] shouldBe "decision expected hurry, was rest: projection:hot did not match (heat is 0, its band is gte 0.5)"
                differences[1] shouldBe "keyword:urgent did not match (confidence 0, value 0)"
            }
        }
        results.getValue("also_wrong").differences shouldBe
            listOf(
                "algorithm expected weighted, was static",
                "plugins expected tools, was none",
                "model expected large, candidates were small",
                "projection:cold matched, which is forbidden",
            )
    }

    @Test
    fun `the report counts, names what is not met, and ends with the total`() {
        val file = readProbes(probes, "probes.yaml")
        val report = EvalReport(file, policy, results(file))
        report.render() shouldEndWith "3 passed, 2 failed"
        report.render() shouldContain
            "default: 3 of 5 passed, 4 decided as expected; without an encoder: 3 of 5 passed, 4 decided as expected"
        report.shortfalls shouldBe
            listOf(
                "60.0 % of probes passed, at least 80.0 % wanted",
                "33.3 % of decisions whose probes all passed, at least 100.0 % wanted",
                "1 probes have the tag stress, at least 2 are wanted",
            )
        report.toJson()["probes"].size() shouldBe 5
    }

    @Test
    fun `what is wrong with a file is reported with its place`() {
        val rows =
            mapOf(
                "schema_version: v1" to "schema_version: v9" to "is not a version that can be read",
                "query: urgent" to "qery: urgent" to "did you mean query?",
                "placement: around" to "placement: inside" to "accepted: before, after, around",
            )
        for ((change, problem) in rows) {
            probes.contains(change.first) shouldBe true
            val invalid = shouldThrow<InvalidPolicy> { readProbes(probes.replace(change.first, change.second), "probes.yaml") }
            invalid.message.orEmpty() shouldContain problem
        }
    }

    private fun results(file: ProbeFile): List<ProbeResult> =
        file.probes.map { probe ->
            val chat = parseChat(file.body(probe, policy.modelOf(probe, null)), Limits())
            val facts = Facts(chat.messages, chat.toolCount, chat.metadata)
            val target = policy.resolve(chat.model)
            judge(probe, policy.plan(target, facts, Random(0), everything = true), policy.plan(target, facts, Random(0)))
        }

    private val probes =
        """
        schema_version: v1
        name: example
        fixtures: {images: {dot: {media_type: image/png, data_base64: QUJD}}}
        acceptance: {min_probe_pass_rate: 80.0}
        coverage:
          min_signal_assertion_percent: 100.0
          required_request_shapes: [text, messages, tools]
          min_tag_counts: {stress: 2, tools: 1}
        decisions:
          - id: hurry
            expected_decision: hurry
            expected_algorithm: static
            expected_plugins: []
            expected_alias: large
            variants:
              - id: padded
                query: urgent
                repeat: 2
                padding: {text: "a b ", repeat: 2, placement: around}
                expected_signals: {keywords: [urgent], projection: [hot]}
              - id: wrong
                query: calm
                expected_signals: {keyword: [urgent]}
          - id: rest
            expected_decision: rest
            variants:
              - id: filled
                messages:
                  - role: user
                    content: [{type: text, text: look}, {type: image_fixture, fixture: dot}]
                generated_text: {message_index: 0, content_index: 1, target_text_bytes: 8001}
                expected_signals: {context: [long], conversation: [pictures]}
                tags: [stress:long]
              - id: tools
                query: calm
                tools: [{type: function, function: {name: look}}]
                forbidden_signals: {projection: [hot]}
          - id: rest_again
            expected_decision: rest
            expected_algorithm: weighted
            expected_plugins: [tools]
            expected_alias: large
            variants:
              - id: also_wrong
                query: calm
                forbidden_signals: {projection: [cold]}
        """.trimIndent()
}
