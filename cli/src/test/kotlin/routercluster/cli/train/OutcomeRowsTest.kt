package routercluster.cli.train

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.Failure
import routercluster.policy.learnt.fit.Worth
import java.nio.file.Files
import java.nio.file.Path
import java.util.zip.GZIPOutputStream

class OutcomeRowsTest {
    @TempDir
    lateinit var folder: Path

    private fun read(text: String): OutcomeRow = readOutcomes(written("rows.jsonl", text)).single()

    private fun written(name: String, text: String): Path = folder.resolve(name).also { Files.writeString(it, text) }

    @Test
    fun `own rows`() {
        val row = read("""{"text": "Hello?", "category": "talk", "outcomes": {"a": {"quality": 1, "cost": 0.5}, "b": {"quality": 0.25}}}""")
        row.text shouldBe "Hello?"
        row.category shouldBe "talk"
        row.outcomes shouldBe mapOf("a" to Worth(1.0, 0.5), "b" to Worth(0.25))
    }

    @Test
    fun `rows of MMLU-Pro, whose models stand beside them`() {
        written("models.json", """[{"index": 0, "name": "a"}, {"index": 1, "name": "b"}]""")
        val row =
            read("""{"category": "law", "question": "Which?", "options": ["this", "that"], "correct": [1, null], "out_chars": [3, null]}""")
        row.text shouldBe "Which?\nA. this\nB. that"
        row.outcomes shouldBe mapOf("a" to Worth(1.0))
    }

    @Test
    fun `rows of RouteLLM, MT-Bench and RouterArena`() {
        assertSoftly {
            read("""{"subject": "law", "question": "Which?\nAnswer:", "strong": 1, "weak": 0}""").outcomes shouldBe
                mapOf("gpt-4-1106-preview" to Worth(1.0), "mixtral-8x7b-instruct" to Worth(0.0))
            read("""{"category": "writing", "turns": ["Write.", "Again."], "scores": {"a": {"turn1": 10.0, "turn2": 6.0}}}""").let {
                it.text to it.outcomes
            } shouldBe ("Write." to mapOf("a" to Worth(0.8)))
            read("""{"dataset": "AIME", "question": "Sum?", "models": {"a": {"score": -0.1, "cost_usd": 0.001}}}""").outcomes shouldBe
                mapOf("a" to Worth(0.0, 0.001))
        }
    }

    @Test
    fun `gzipped rows, and blank lines`() {
        val file = folder.resolve("rows.jsonl.gz")
        GZIPOutputStream(Files.newOutputStream(file)).use { it.write("\n$GOOD\n\n$GOOD\n".encodeToByteArray()) }
        readOutcomes(file).map { it.text } shouldBe listOf("Hi", "Hi")
    }

    @Test
    fun `what is wrong is told with its line`() {
        assertSoftly {
            mapOf(
                "no" to "is not a JSON object",
                """{"text": "Hi"}""" to "has no outcomes",
                """{"text": "Hi", "outcomes": {}}""" to "has no outcomes",
                """{"text": " ", "outcomes": {"a": {"quality": 1}}}""" to "has no text",
                """{"text": "Hi", "outcomes": {"a": {"cost": 1}}}""" to "a has no quality",
                """{"text": "Hi", "outcomes": {"a": {"quality": 2}}}""" to "quality of a is 2.0, not 0 to 1",
                """{"text": "Hi", "outcomes": {"a": {"quality": 1, "cost": -1}}}""" to "cost of a is -1.0, below 0",
                """{"question": "Hi", "correct": [1]}""" to "has 1 outcomes, and models.json beside it names 0 models",
            ).forEach { (line, message) ->
                val file = written("bad.jsonl", "$GOOD\n$line")
                withClue(line) { shouldThrow<Failure> { readOutcomes(file) }.message shouldBe "$file:2: $message" }
            }
        }
        shouldThrow<Failure> { readOutcomes(folder.resolve("gone.jsonl")) }
    }

    private companion object {
        const val GOOD = """{"text": "Hi", "outcomes": {"a": {"quality": 1}}}"""
    }
}
