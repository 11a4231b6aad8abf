package routercluster.policy.dsl

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.nio.file.Files
import java.nio.file.Path

class DocumentedProgramsTest {
    @Test
    fun `the programs in the documentation can be read, and are laid out as fmt does it`() {
        val page =
            generateSequence(Path.of("").toAbsolutePath()) { it.parent }.map { it.resolve("docs/dsl.md") }.first(Files::isRegularFile)
        val programs = Regex("(?ms)^```dsl\n(.*?)^```").findAll(Files.readString(page)).map { it.groupValues[1] }.toList()
        programs.shouldNotBeEmpty()
        programs.forEach { text ->
            val parsed = parseProgram(text, "docs/dsl.md")
            parsed.hints.map { it.render(parsed.source) }.shouldBeEmpty()
            writeProgram(parsed.program, parsed.source) shouldBe text
        }
    }
}
