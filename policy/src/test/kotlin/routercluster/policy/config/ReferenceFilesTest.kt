package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.FakeFiles
import java.nio.file.Files
import java.nio.file.Path

/** The seed's own files, where they lie beside this repository. */
class ReferenceFilesTest {
    private fun seedFolder(): Path {
        val folders = generateSequence(Path.of("").toAbsolutePath()) { it.parent }
        val found = folders.map { it.resolve("shared/data/vllm-semantic-router") }.firstOrNull(Files::isDirectory)
        assumeTrue(found != null, "../shared/data/vllm-semantic-router is not here")
        return checkNotNull(found)
    }

    /** The files of the seed's own folder, with the encoder of the program and no other. */
    private class SeedFiles(private val folder: Path) : PolicyFiles by FakeFiles() {
        override fun text(path: String): String? = folder.resolve(path).takeIf(Files::isRegularFile)?.let(Files::readString)
    }

    private fun problems(file: Path): List<Problem> =
        when (
            val outcome = provePolicy(
                Files.readString(file),
                file.fileName.toString(),
                { "set" },
                stubFamilies,
                SeedFiles(seedFolder()),
            )
        ) {
            is PolicyOutcome.Proven -> emptyList()
            is PolicyOutcome.Refused -> outcome.problems
        }

    @Test
    fun `the reference file shows every field and nothing in it is unknown`() {
        val problems = problems(seedFolder().resolve("config.yaml"))
        problems.shouldNotBeEmpty()
        problems.filterNot { it.message == Section.NOT_SUPPORTED_YET }.shouldBeEmpty()
    }

    @Test
    fun `in the recipes of the seed only what is not built yet is refused`() {
        val files = Files.list(seedFolder().resolve("recipes")).use { folders -> folders.map { it.resolve("config.yaml") }.toList() }
        assertSoftly {
            files.filter(Files::exists).forEach { file ->
                withClue(file) { problems(file).filterNot { it.message == Section.NOT_SUPPORTED_YET }.shouldBeEmpty() }
            }
        }
    }

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
}
