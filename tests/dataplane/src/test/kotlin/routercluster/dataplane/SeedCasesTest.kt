package routercluster.dataplane

import com.fasterxml.jackson.databind.JsonNode
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assumptions.abort
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.TestInstance
import routercluster.kit.EnvoyProcess
import routercluster.kit.Installation
import routercluster.mock.RunningMock
import routercluster.mock.mockLlm
import routercluster.policy.config.loadPolicy
import java.nio.file.Files
import java.nio.file.Path

/**
 * The seed's own cases through a door, where the shared folder is at hand. Rows whose signal families are not built yet are
 * counted as skipped.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal abstract class SeedCasesTest(private val behindEnvoy: Boolean) {
    private var model: RunningMock? = null
    private var open: Installation? = null

    @BeforeAll
    fun open() {
        assumeTrue(folder != null, "../shared is not here")
        if (behindEnvoy) EnvoyProcess.requireBinary()
        val mock = mockLlm().also { model = it }
        val text = checkNotNull(javaClass.getResource("/seed_cases.yaml")).readText()
        open = Installation.open(loadPolicy(text, "seed_cases.yaml", mapOf("PORT" to "${mock.port}")::get), behindEnvoy)
    }

    @AfterAll
    fun close() {
        open?.close()
        model?.close()
    }

    @TestFactory
    fun `keyword cases`() =
        cases("keyword_routing_cases.json").map { row ->
            dynamicTest(row["name"].textValue()) {
                val reply = ask(row, "auto:debug")
                withClue("$reply") {
                    reply.header("x-vsr-selected-decision") shouldBe row["expected_category"].textValue()
                    reply.header("x-vsr-selected-confidence")?.toDouble() shouldBe row["expected_confidence"].doubleValue()
                    reply.header("x-vsr-matched-keywords") shouldBe row["matched_keywords"].joinToString(",") { it.textValue() }
                }
            }
        }

    /** The seed expects its NOR rule to hold for the very spam that the rule excludes; it must not. */
    @TestFactory
    fun `fall-back cases that a keyword decides`(): List<DynamicTest> =
        only(cases("routing_fallback_cases.json")) { it["expected_method"].textValue() == "keyword" }.run { row ->
            dynamicTest(row["name"].textValue()) {
                val category = row["expected_category"].textValue()
                if (category == "exclude_spam") {
                    decision(ask(row, "auto:recipe=spam")) shouldBe null
                    decision(ask("A question.", "auto:recipe=spam")) shouldBe category
                } else {
                    decision(ask(row)) shouldBe category
                }
            }
        }

    @TestFactory
    fun `cases that no decision but the last is for`(): List<DynamicTest> =
        only(cases("decision_fallback_cases.json")) { it["should_fallback"].booleanValue() }.run { row ->
            dynamicTest(row["description"].textValue()) { decision(ask(row)) shouldBe row["expected_decision"].textValue() }
        }

    /** Each follows a domain, whatever plugin it is about. */
    @TestFactory
    fun `plugin cases`(): List<DynamicTest> = only(cases("plugin_config_cases.json")) { false }.run { error("not for today's families") }

    private class Rows(private val run: List<JsonNode>, private val later: Int) {
        fun run(test: (JsonNode) -> DynamicTest): List<DynamicTest> {
            val skipped = "$later of ${run.size + later} rows are not run: their families are not built yet"
            return run.map(test) + dynamicTest(skipped) { abort<Unit>(skipped) }
        }
    }

    private fun only(rows: List<JsonNode>, runs: (JsonNode) -> Boolean): Rows = rows
        .partition(
            runs,
        ).let { (run, later) -> Rows(run, later.size) }

    private fun cases(file: String): List<JsonNode> {
        val read = parsed(Files.readString(checkNotNull(folder).resolve(file)))
        val rows = (if (read.isArray) read else read["test_cases"]).toList()
        return rows.also { it.shouldNotBeEmpty() }
    }

    private fun ask(row: JsonNode, name: String = "auto"): Reply = ask(row["query"].textValue(), name)

    private fun ask(text: String, name: String): Reply = sent(checkNotNull(open).port, chat(text, name)).also { it.status shouldBe 200 }

    private fun decision(reply: Reply): String? = reply.header("x-vsr-selected-decision")

    private companion object {
        val folder: Path? =
            generateSequence(Path.of("").toAbsolutePath(), Path::getParent)
                .map { it.resolve("shared/data/vllm-semantic-router/e2e") }
                .firstOrNull(Files::isDirectory)
    }
}

internal class HttpSeedCasesTest : SeedCasesTest(behindEnvoy = false)

internal class EnvoySeedCasesTest : SeedCasesTest(behindEnvoy = true)
