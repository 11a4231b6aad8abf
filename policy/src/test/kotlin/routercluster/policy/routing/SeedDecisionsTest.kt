package routercluster.policy.routing

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.abort
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyOutcome
import routercluster.policy.config.Section
import routercluster.policy.config.provePolicy
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.signals.LearnedSignal
import routercluster.policy.signals.ToyEncoder
import java.nio.file.Files
import java.nio.file.Path
import kotlin.random.Random

/**
 * The seed's cases that name the decision a prompt is to meet. Each row's decision follows a domain of its name, so a row runs once
 * the families and plugins that it needs are built; until then it is counted as skipped.
 */
class SeedDecisionsTest {
    private val seed: Path? =
        generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/vllm-semantic-router") }
            .firstOrNull { Files.isDirectory(it) }

    @TestFactory
    fun `fall-back cases meet their decision`(): List<DynamicTest> = cases("decision_fallback_cases.json")

    @TestFactory
    fun `plugin cases meet their decision`(): List<DynamicTest> = cases("plugin_config_cases.json")

    private fun cases(file: String): List<DynamicTest> {
        assumeTrue(seed != null, "../shared is not here")
        val rows = ObjectMapper().readTree(checkNotNull(seed).resolve("e2e/$file").toFile())["test_cases"].toList()
        val outcomes = rows.map { it to provePolicy(policyFor(it), file, { null }, files = files) }
        val (run, later) = outcomes.partition { (_, it) -> isForHere(it) }
        val tests = run.map { (row, outcome) ->
            dynamicTest(row["description"].textValue()) { decision(row, outcome) shouldBe expected(row) }
        }
        val skipped = "${later.size} of ${rows.size} rows are not run: they need a trained encoder, or what is not built yet"
        return if (later.isEmpty()) tests else tests + dynamicTest(skipped) { abort<Unit>(skipped) }
    }

    private val files = FakeFiles(bundled = EncoderFolder.Found(null, ToyEncoder.heads))

    /** What a trained head has to tell, this module cannot: an answer made up for the test would only prove itself. */
    private fun isForHere(outcome: PolicyOutcome): Boolean =
        when (outcome) {
            is PolicyOutcome.Proven -> {
                outcome.policy.recipes.values
                    .none { recipe -> recipe.signals.any { it is LearnedSignal } }
            }

            is PolicyOutcome.Refused -> {
                outcome.problems.any { Section.NOT_SUPPORTED_YET !in it.toString() }
            }
        }

    private fun decision(row: JsonNode, outcome: PolicyOutcome): String? {
        val policy: Policy =
            when (outcome) {
                is PolicyOutcome.Proven -> outcome.policy
                is PolicyOutcome.Refused -> error(outcome.problems.joinToString("\n"))
            }
        val facts = Facts(listOf(Message(Role.USER, row["query"].textValue())))
        return policy.plan(policy.resolve("auto"), facts, Random(1)).decision?.name
    }

    private fun expected(row: JsonNode): String = row["expected_decision"].textValue()

    /** The least policy that could send [row] where it is expected. */
    private fun policyFor(row: JsonNode): String {
        val domain = expected(row).removeSuffix("_decision")
        val plugin = plugins[row.path("plugin_type").textValue()].orEmpty()
        return """
            version: v0.3
            listeners: [{name: http, port: 0}]
            providers:
              defaults: {default_model: small}
              models: [{name: small, backend_refs: [{endpoint: "127.0.0.1:8000"}]}]
            routing:
              signals:
                domains: [{name: "${domain.replace('_', ' ')}", description: $domain}]
              decisions:
                - {name: ${expected(row)}, rules: {type: domain, name: "${domain.replace('_', ' ')}"}, plugins: [$plugin]}
            """.trimIndent()
    }

    private val plugins =
        mapOf(
            "system_prompt" to "{type: system_prompt, configuration: {system_prompt: Be exact.}}",
            "response_cache" to "{type: response_cache, configuration: {enabled: true}}",
        )
}
