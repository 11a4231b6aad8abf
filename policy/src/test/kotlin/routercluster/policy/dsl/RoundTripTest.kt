package routercluster.policy.dsl

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.request.seededCases
import kotlin.random.Random

/** Laws over random programs. */
class RoundTripTest {
    private fun read(text: String): Parsed =
        parseProgram(text, "random.dsl").also { parsed -> withClue(text) { parsed.hints.map { it.render(parsed.source) }.shouldBeEmpty() } }

    @Test
    fun `what is printed is read as it was`() =
        seededCases(CASES) { random ->
            val program = RandomPrograms(random).program()
            val text = writeProgram(program)
            val parsed = read(text)
            withClue(text) { parsed.program.toJson(spans = false) shouldBe program.toJson(spans = false) }
        }

    @Test
    fun `formatting twice changes nothing more, and loses no comment`() =
        seededCases(CASES) { random ->
            val text = scattered(writeProgram(RandomPrograms(random).program()), random)
            val parsed = read(text)
            val once = read(writeProgram(parsed.program, parsed.source))
            withClue(text) {
                once.program.comments.map { it.text } shouldContainExactlyInAnyOrder parsed.program.comments.map { it.text }
                once.program.toJson(spans = false) shouldBe parsed.program.toJson(spans = false)
                writeProgram(once.program, once.source) shouldBe once.source.text
            }
        }

    /** With other blanks and with comments wherever they can stand: between any two tokens. */
    private fun scattered(text: String, random: Random): String {
        val tokens = tokensOf(text, Hints()).list
        val out = StringBuilder()
        var comments = 0
        tokens.zipWithNext().forEach { (token, following) ->
            out.append(text, token.span.start, token.span.end)
            val blanks = text.substring(token.span.end, following.span.start)
            when (random.nextInt(12)) {
                0 -> out.append(" # comment ${comments++}\n").append(blanks)
                1 -> out.append("\n\n\n").append(blanks)
                2 -> out.append("\n# comment ${comments++}\n\n").append(blanks)
                else -> out.append(blanks)
            }
        }
        return out.toString()
    }

    @Test
    fun `a document becomes a program and the same document again`() =
        seededCases(CASES) { random ->
            // Any program's document will do, and a program's own names of model options mean what they stand for.
            val first = RandomPrograms(random).program()
            val document = compile(first, SourceText("random.dsl", ""))
            val decompiled = decompile(document)
            withClue(writeYaml(document)) {
                decompiled.problems.shouldBeEmpty()
                val text = writeProgram(decompiled.program)
                withClue(text) {
                    val again = read(text)
                    differences(meaning(compile(again.program, again.source)), meaning(document)).shouldBeEmpty()
                }
            }
        }

    @Test
    fun `a document is written and read as it was`() =
        seededCases(CASES) { random ->
            val document = compile(RandomPrograms(random).program(), SourceText("random.dsl", ""))
            val text = writeYaml(document)
            withClue(text) { differences(meaning(document(text)), meaning(document)).shouldBeEmpty() }
        }

    @Test
    fun `any text is read to its end, and every hint stands in it`() =
        seededCases(CASES) { random ->
            val text = damaged(writeProgram(RandomPrograms(random).program()), random)
            val parsed = parseProgram(text, "random.dsl")
            withClue(text) {
                check(parsed).forEach { hint ->
                    (hint.span.start in 0..hint.span.end && hint.span.end <= text.length) shouldBe true
                    hint.render(parsed.source)
                }
                writeProgram(parsed.program, parsed.source)
                compile(parsed.program, parsed.source)
            }
        }

    /** With some of its tokens gone, doubled, or another's. */
    private fun damaged(text: String, random: Random): String {
        val tokens = tokensOf(text, Hints()).list
        return tokens.zipWithNext().joinToString("") { (token, following) ->
            val written = text.substring(token.span.start, token.span.end)
            val blanks = text.substring(token.span.end, following.span.start)
            when (random.nextInt(30)) {
                0 -> blanks
                1 -> "$written $written$blanks"
                2 -> tokens[random.nextInt(tokens.size)].let { text.substring(it.span.start, it.span.end) } + blanks
                3 -> written.dropLast(1) + blanks
                else -> written + blanks
            }
        }
    }

    private companion object {
        const val CASES = 500
    }
}
