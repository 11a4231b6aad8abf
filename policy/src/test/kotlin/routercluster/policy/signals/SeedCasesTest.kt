package routercluster.policy.signals

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.config.Problems
import java.nio.file.Files
import java.nio.file.Path

/** The seed's own cases and its sample policies, where the shared folder is at hand. */
class SeedCasesTest {
    private val seed: Path? =
        generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/vllm-semantic-router") }
            .firstOrNull { Files.isDirectory(it) }

    private val rules =
        """
        - {name: urgent_request, operator: OR, keywords: [urgent, immediate, asap, emergency]}
        - {name: sensitive_data, operator: AND, keywords: [SSN, credit card]}
        - {name: exclude_spam, operator: NOR, keywords: [buy now, free money]}
        - {name: regex_pattern_match, operator: OR, method: regex, keywords: ['[\w.]+@[\w.]+\.\w+', '[a-z]:\\\w+']}
        """.trimIndent()
    private val signals = prove("keyword", rules).getOrThrow().associateBy { it.ref.name }

    @TestFactory
    fun `keyword cases have the seed's confidence`() =
        cases("keyword_routing_cases.json").map { row ->
            dynamicTest(row["name"].textValue()) {
                val reading = read(row)
                reading.matched shouldBe true
                reading.confidence shouldBe row["expected_confidence"].doubleValue()
            }
        }

    /**
     * The seed expects its NOR rule to hold for the very spam that the rule excludes; it must not. Rows that a trained head decides run
     * with one in `tests/dataplane`.
     */
    @TestFactory
    fun `fall-back cases match where a keyword is to decide`(): List<DynamicTest> =
        cases("routing_fallback_cases.json").filter { it["expected_method"].textValue() == "keyword" }.map { row ->
            dynamicTest(row["name"].textValue()) { read(row).matched shouldBe (row["keyword_match"].textValue() != "exclude_spam") }
        }

    @TestFactory
    fun `fall-back cases leave the rest to other families`() =
        cases("routing_fallback_cases.json").filter { it["expected_method"].textValue() != "keyword" }.map { row ->
            dynamicTest(row["name"].textValue()) {
                (signals.values.filter { it.ref.name != "exclude_spam" && seen(it, row).matched }).shouldBeEmpty()
            }
        }

    @Test
    fun `every signal of these families in the seed's files is understood`() {
        assumeTrue(seed != null, "../shared is not here")
        val files = Files.walk(checkNotNull(seed)).use { all -> all.filter { it.toString().endsWith(".yaml") }.toList() }
        var proven = 0
        for (file in files) {
            val text = Files.readString(file)
            if (!text.contains(Regex("(?m)^ {2}signals:"))) continue
            for (family in signalFamilies) {
                val problems = Problems()
                proven += readAndProve(family.type, text, listOf("routing", "signals", family.key), problems).size
                withClue(file) { problems.all.shouldBeEmpty() }
            }
        }
        withClue("rules proven") { (proven >= 200) shouldBe true }
    }

    private fun read(row: JsonNode): Reading.Seen = seen(signals.getValue(row["expected_category"].textValue()), row)

    private fun seen(signal: Signal, row: JsonNode): Reading.Seen = signal.read(said(row["query"].textValue())) as Reading.Seen

    private fun cases(file: String): List<JsonNode> {
        assumeTrue(seed != null, "../shared is not here")
        return ObjectMapper().readTree(checkNotNull(seed).resolve("e2e/$file").toFile()).toList()
    }
}
