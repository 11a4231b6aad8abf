package routercluster.policy.config

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import routercluster.policy.Policy
import routercluster.policy.catalog.FakeFiles
import routercluster.policy.catalog.bundledHeads
import routercluster.policy.config.format.Feature
import routercluster.policy.config.format.byFeature
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.name

/** The seed's own files, where they lie beside this repository. */
class ReferenceFilesTest {
    private fun seedFolder(): Path {
        val folders = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
        val found = folders.map { it.resolve("shared/data/vllm-semantic-router") }.firstOrNull(Files::isDirectory)
        assumeTrue(found != null, "../shared/data/vllm-semantic-router is not here")
        return checkNotNull(found)
    }

    /** The files of the seed's own folder, with the encoder of the program and no other. */
    private class SeedFiles(private val folder: Path, override val bundled: EncoderFolder = FakeFiles().bundled) :
        PolicyFiles by FakeFiles() {
        override fun text(path: String): String? = folder.resolve(path).takeIf(Files::isRegularFile)?.let(Files::readString)
    }

    /** With the labels of the seed's own heads. */
    private val heads =
        bundledHeads +
            mapOf(
                "domain" to Head(Task.SEQ_CLS, DOMAINS),
                "pii" to Head(Task.TOKEN, listOf("EMAIL_ADDRESS", "PERSON", "US_SSN", "CREDIT_CARD")),
                "user_feedback" to Head(Task.SEQ_CLS, listOf("SAT", "NEED_CLARIFICATION", "WRONG_ANSWER", "WANT_DIFFERENT")),
                "modality" to Head(Task.SEQ_CLS, listOf("AR", "DIFFUSION", "BOTH")),
            )

    private fun outcome(text: String): PolicyOutcome =
        provePolicy(text, "p.yaml", { "set" }, files = SeedFiles(seedFolder(), EncoderFolder.Found(null, heads)))

    private fun accepted(text: String): Policy {
        val outcome = outcome(text)
        if (outcome is PolicyOutcome.Refused) outcome.problems.shouldBeEmpty()
        return outcome.shouldBeInstanceOf<PolicyOutcome.Proven>().policy
    }

    private fun file(path: String): String = Files.readString(seedFolder().resolve(path))

    private fun eachOf(folder: String, check: (String, String) -> Unit): List<DynamicTest> {
        val root = seedFolder()
        val files = Files.walk(root.resolve(folder)).use { all -> all.filter { it.name == "config.yaml" || folder != "recipes" }.toList() }
        return files.filter { it.name.endsWith(".yaml") }.map { path ->
            val name = root.relativize(path).toString()
            dynamicTest(name) { check(name, Files.readString(path)) }
        }
    }

    @TestFactory
    fun `every recipe of the seed is accepted`() = eachOf("recipes") { _, text -> accepted(text) }

    @Test
    fun `the reference file is accepted, with what is not built yet`() {
        val inactive = accepted(file("config.yaml")).inactive.byFeature()
        inactive.map { it.feature } shouldBe Feature.entries - notAskedFor
    }

    @TestFactory
    fun `every fragment of the seed is accepted`() = eachOf("fragments") { name, text -> accepted(documentOf(name, text)) }

    /** A document that has [fragment] in its place. */
    private fun documentOf(name: String, fragment: String): String {
        val text = fragment.lines().filterNot { it.trimStart().startsWith("#") || it.isBlank() }
        val part = text.joinToString("\n")
        val decision = "routing:\n  decisions:\n    - name: d\n"
        return MODELS +
            when {
                name.startsWith("fragments/decision") -> part.replaceFirst("routing:", "routing:\n$SIGNALS")
                part.startsWith("algorithm:") -> decision + part.prependIndent("      ")
                part.startsWith("plugins:") -> decision + part.prependIndent("      ")
                part.startsWith("plugin:") -> decision + "      plugins:\n" + listItem(text.drop(1)).prependIndent("        ")
                else -> part
            }
    }

    private fun listItem(lines: List<String>): String = lines.joinToString("\n").replaceFirst("  ", "- ")

    @Test
    fun `knowledge bases of the seed need no more than their names`() {
        val rules = listOf("privacy_kb" to "privacy_policy", "mmlu_kb" to "keep")
        val text = """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              signals:
                kb: [${rules.joinToString { (base, group) -> "{name: $group, kb: $base, target: {kind: group, value: $group}}" }}]
              decisions: [${rules.joinToString { (_, group) -> "{name: $group, rules: {type: kb, name: $group}}" }}]
        """.trimIndent()
        val proven = provePolicy(text, "p.yaml", { null }, files = SeedFiles(seedFolder())).shouldBeInstanceOf<PolicyOutcome.Proven>()
        val bases = proven.policy.catalog.knowledgeBases
        bases.mapValues { it.value.labels.size } shouldBe mapOf("privacy_kb" to 18, "mmlu_kb" to 14)
        bases.mapValues { (_, base) -> base.labels.values.sumOf { it.size } } shouldBe mapOf("privacy_kb" to 392, "mmlu_kb" to 210)
        bases.mapValues { (_, base) ->
            base.groups.values
                .flatten()
                .toSet()
        } shouldBe bases.mapValues { it.value.labels.keys }
        bases.mapValues { it.value.thresholdOf("prompt_injection") } shouldBe mapOf("privacy_kb" to 0.7, "mmlu_kb" to 0.25)

        val refused = provePolicy(text, "p.yaml", { null }, files = FakeFiles()).shouldBeInstanceOf<PolicyOutcome.Refused>()
        refused.problems.joinToString("\n") shouldContain
            "routing.signals.kb[0].kb: cannot be read (found knowledge_bases/privacy/labels.json)"
    }

    private companion object {
        val DOMAINS =
            listOf("biology", "business", "chemistry", "computer science", "economics", "engineering", "health", "history") +
                listOf("law", "math", "other", "philosophy", "physics", "psychology")

        /** What the reference file does not ask for: no switch of it is on. */
        val notAskedFor = setOf(Feature.LISTENER_KEYS, Feature.MANAGEMENT_AUTH, Feature.SKIP_PROCESSING)

        val MODELS =
            """
            version: v0.3
            providers:
              defaults: {default_model: qwen3-8b}
              models:
                - {name: qwen3-8b, backend_refs: [{endpoint: "localhost:1"}]}
                - {name: qwen3-32b, backend_refs: [{endpoint: "localhost:1"}]}
                - {name: "qwen2.5:3b", backend_refs: [{endpoint: "localhost:1"}]}

            """.trimIndent()

        /** Those that the seed's fragments of decisions name. */
        val SIGNALS =
            """
            |  modelCards: [{name: qwen3-32b, loras: [{name: computer-science-expert}]}]
            |  signals:
            |    domains: [{name: business}, {name: law}, {name: computer science}]
            |    keywords: [{name: urgent_keywords, operator: OR, keywords: [urgent]}]
            |    complexity: [{name: needs_reasoning, hard: {candidates: [a]}, easy: {candidates: [b]}}]
            |    jailbreak: [{name: prompt_injection}]
            """.trimMargin()
    }
}
