package routercluster.cli.train

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.ExitStatus
import routercluster.cli.Recorded
import routercluster.cli.commands
import routercluster.cli.parseJson
import routercluster.cli.record
import java.nio.file.Files
import java.nio.file.Path

/** The command with the program's own encoder, and the policy that goes by what it makes. */
class TrainSelectorTest {
    @TempDir
    lateinit var folder: Path

    private fun run(name: String, vararg args: String): Recorded = record(commands().single { it.commandName == name }, name, *args)

    private fun train(vararg args: String) = run("train-selector", "--out", "${folder.resolve("made/selector.json")}", *args)

    private fun data(rows: Int): String {
        val lines = List(rows) { index ->
            val (text, sums, poems) = if (index % 2 == 0) SUM to 1 and 0 else POEM to 0 and 1
            """{"text": "$text ${index + 2}", "outcomes": {"calculator": {"quality": $sums}, "poet": {"quality": $poems}}}"""
        }
        return "${Files.writeString(folder.resolve("rows.jsonl"), lines.joinToString("\n"))}"
    }

    private infix fun <A, B, C> Pair<A, B>.and(third: C) = Triple(first, second, third)

    @Test
    fun `an artifact is made that a policy then goes by`() {
        val made = train("--data", data(40), "--algorithm", "svm", "--rename", "poet=bard", "--json")
        made.status shouldBe ExitStatus.DONE
        val told = parseJson(made.out)
        told?.path("models")?.map { it.path("name").asText() } shouldBe listOf("bard", "calculator")
        told?.path("card")?.path("requests")?.intValue() shouldBe 40
        val policy = Files.writeString(folder.resolve("p.yaml"), POLICY)
        picks("$policy", "$POEM 100") shouldContainExactly listOf("bard", "calculator")
        picks("$policy", "$SUM 100") shouldContainExactly listOf("calculator", "bard")
    }

    private fun picks(policy: String, prompt: String): List<String> {
        val explained = parseJson(run("explain", policy, "--prompt", prompt, "--json").out)
        return explained?.path("candidates")?.map { it.path("model").asText() }.orEmpty()
    }

    @Test
    fun `what cannot be trained on is told`() {
        train("--data", data(10), "--algorithm", "knn").let {
            it.status shouldBe ExitStatus.REFUSED
            it.err shouldContain "10 requests with outcomes of these models are too few, 20 are needed"
        }
        train("--data", data(40), "--algorithm", "knn", "--models", "nobody").err shouldContain "0 requests with outcomes of these models"
        train("--data", data(40), "--algorithm", "knn", "--kernel", "linear").status shouldBe ExitStatus.USAGE
        train("--data", "${folder.resolve("gone.jsonl")}", "--algorithm", "knn").err shouldContain "gone.jsonl: cannot be read"
    }

    private companion object {
        const val SUM = "What is seventeen times"
        const val POEM = "Write a tender poem about autumn leaves, verse"
        val POLICY =
            """
            version: v0.3
            providers:
              defaults: {default_model: bard}
              models:
                - {name: bard, backend_refs: [{endpoint: "127.0.0.1:1"}]}
                - {name: calculator, backend_refs: [{endpoint: "127.0.0.1:2"}]}
            routing:
              decisions:
                - name: all
                  modelRefs: [{model: calculator}, {model: bard}]
                  algorithm: {type: svm, svm: {artifact: made/selector.json}}
            """.trimIndent()
    }
}
