package routercluster.cli

import com.fasterxml.jackson.databind.JsonNode
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.nio.file.Files
import java.nio.file.Path

/**
 * The probes of the seed's recipes, with the program's own encoder. Which pass is in part the trained heads' to say: those that do not are
 * written out with the reason, and none is left out.
 */
class SeedProbesTest {
    private val recipes: Path? =
        generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/vllm-semantic-router/recipes") }
            .firstOrNull(Files::isDirectory)

    @TestFactory
    fun `probes pass`(): List<DynamicTest> {
        assumeTrue(recipes != null, "../shared is not here")
        return floors.map { (name, floor) -> dynamicTest("$name: at least $floor") { passes(checkNotNull(recipes).resolve(name), floor) } }
    }

    private fun passes(recipe: Path, floor: Int) {
        val eval = commands().single { it.commandName == "eval" }
        val said =
            record(eval, "eval", "--config", "${recipe.resolve("config.yaml")}", "--probes", "${recipe.resolve("probes.yaml")}", "--json")
        val report = checkNotNull(parseJson(said.out)) { said.err }
        val failed = report["probes"].filterNot { it["passed"].booleanValue() }.map(::words)
        println((listOf("${recipe.fileName}: ${report["passed"]} passed, ${report["failed"]} failed") + failed).joinToString("\n  not: "))
        report["passed"].intValue() shouldBeGreaterThanOrEqual floor
    }

    private fun words(probe: JsonNode) = "${probe["id"].textValue()}: ${probe["differences"].joinToString("; ") { it.textValue() }}"

    private companion object {
        // A little fewer than pass with this bundle: processors round differently.
        val floors = mapOf("privacy" to 13, "feedback" to 15, "balance" to 44, "mom-v1" to 150)
    }
}
