package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** `router eval` over a policy that needs no encoder. */
class EvalTest {
    @TempDir
    lateinit var folder: Path

    @Test
    fun `says what failed and why, and ends with the total`() {
        val said = eval("--config", "${policy()}", "--probes", "${probes("fast")}")
        said.status shouldBe ExitStatus.DONE
        said.out shouldEndWith "2 passed, 0 failed"
        val failed = eval("--config", "${policy()}", "--probes", "${probes("slow")}")
        failed.status shouldBe ExitStatus.REFUSED
        failed.out shouldContain "FAILED hurry/urgent (line 5)\n  decision expected slow, was fast: the recipe has no such decision"
        failed.out shouldEndWith "1 passed, 1 failed"
    }

    @Test
    fun `a recipe takes the probes that name no model`() {
        val said = eval("--config", "${policy()}", "--probes", "${probes("other")}", "--recipe", "second", "--json")
        parseJson(said.out)
            ?.path("probes")
            ?.get(0)
            ?.path("recipe")
            ?.asText() shouldBe "second"
        eval("--config", "${policy()}", "--probes", "${probes("fast")}", "--recipe", "third").err shouldContain
            "has no recipe third; it has default, second"
    }

    @Test
    fun `a file that is no probe file is refused with every problem`() {
        val file = Files.writeString(folder.resolve("none.yaml"), "schema_version: v1\nname: x\ndecision: []\n")
        val said = eval("--config", "${policy()}", "--probes", "$file")
        said.status shouldBe ExitStatus.REFUSED
        said.err shouldContain "unknown key (found decision)"
        said.err shouldContain "has no probes"
    }

    private fun eval(vararg args: String) = record(commands().single { it.commandName == "eval" }, "eval", *args)

    private fun probes(decision: String): Path =
        Files.writeString(
            folder.resolve("probes.yaml"),
            """
            schema_version: v1
            name: example
            decisions:
              - {id: hurry, expected_decision: $decision, variants: [
                  {id: urgent, query: this is urgent}]}
              - {id: rest, variants: [{id: calm, query: no hurry}]}
            """.trimIndent(),
        )

    private fun policy(): Path =
        Files.writeString(
            folder.resolve("policy.yaml"),
            """
            version: v0.3
            providers: {defaults: {default_model: m}, models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              signals: {keywords: [{name: urgent, operator: OR, keywords: [urgent]}]}
              decisions: [{name: fast, rules: {type: keyword, name: urgent}}]
            recipes:
              - name: second
                routing: {decisions: [{name: other, rules: {operator: AND}}]}
            """.trimIndent(),
        )
}
