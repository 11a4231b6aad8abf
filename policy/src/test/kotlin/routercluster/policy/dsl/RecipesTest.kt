package routercluster.policy.dsl

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.nio.file.Files
import java.nio.file.Path

/** The seed's recipes, each as a program and as a document that say the same. */
class RecipesTest {
    private val folder: Path? =
        generateSequence(Path.of("").toAbsolutePath()) { it.parent }
            .map { it.resolve("shared/data/vllm-semantic-router") }
            .firstOrNull(Files::isDirectory)

    private fun forEachRecipe(check: (program: Path, config: Path) -> Unit): List<DynamicTest> {
        assumeTrue(folder != null, "../shared is not here")
        return listOf("balance", "feedback", "mom-v1", "privacy").map { name ->
            val recipe = checkNotNull(folder).resolve("recipes/$name")
            dynamicTest(name) { check(recipe.resolve("recipe.dsl"), recipe.resolve("config.yaml")) }
        }
    }

    private fun parsed(file: Path) = parseProgram(Files.readString(file), file.fileName.toString())

    @TestFactory
    fun `the program compiles to its document's routing part`() =
        forEachRecipe { program, config ->
            val parsed = parsed(program)
            parsed.hints.map { it.render(parsed.source) }.shouldBeEmpty()
            val compiled = cardsByName(meaning(compile(parsed.program, parsed.source)))
            val found = differences(compiled, cardsByName(meaning(routingPart(document(Files.readString(config))))))
            val (leftOut, others) = found.partition { it.endsWith(": null, false") }
            println("${program.parent.fileName}: equal but for ${leftOut.size} times false, the default, which the program leaves out")
            others.shouldBeEmpty()
        }

    /** The seed's programs have them in the order of their names, and nothing depends on it. */
    private fun cardsByName(document: Any?): Any? {
        val parts = document as Map<*, *>
        val routing = parts["routing"] as Map<*, *>
        val cards = (routing["modelCards"] as List<*>).sortedBy { (it as Map<*, *>)["name"].toString() }
        return parts + ("routing" to routing + ("modelCards" to cards))
    }

    @TestFactory
    fun `the document becomes a program and the same document again`() =
        forEachRecipe { _, config -> returns(document(Files.readString(config))) }

    @TestFactory
    fun `nothing is wrong with the program`() =
        forEachRecipe { program, _ -> parsed(program).let { parsed -> check(parsed).map { it.render(parsed.source) } }.shouldBeEmpty() }

    @TestFactory
    fun `the program is formatted without loss`() =
        forEachRecipe { file, _ ->
            val parsed = parsed(file)
            val formatted = writeProgram(parsed.program, parsed.source)
            val again = parseProgram(formatted, "again")
            again.hints.shouldBeEmpty()
            again.program.toJson(spans = false) shouldBe parsed.program.toJson(spans = false)
            again.program.comments.map { it.text } shouldBe parsed.program.comments.map { it.text }
            writeProgram(again.program, again.source) shouldBe formatted
        }

    @TestFactory
    fun `the reference document, which shows every field, becomes a program and the same document again`(): List<DynamicTest> {
        assumeTrue(folder != null, "../shared is not here")
        val file = checkNotNull(folder).resolve("config.yaml")
        return listOf(dynamicTest("config.yaml") { returns(document(Files.readString(file))) })
    }

    private fun returns(root: Yaml.Mapping) {
        val decompiled = decompile(root)
        decompiled.problems.shouldBeEmpty()
        val text = writeProgram(decompiled.program)
        val parsed = parseProgram(text, "printed.dsl")
        withClue(text) { parsed.hints.map { it.render(parsed.source) }.shouldBeEmpty() }
        val returned = meaning(compile(parsed.program, parsed.source))
        differences(returned, meaning(routingPart(root))).shouldBeEmpty()
    }
}
