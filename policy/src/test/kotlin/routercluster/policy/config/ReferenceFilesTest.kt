package routercluster.policy.config

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
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
}
