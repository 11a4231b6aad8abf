package routercluster.cli

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

class LintMigrateTest {
    @TempDir
    lateinit var folder: Path

    private fun file(name: String, text: String) = "${Files.writeString(folder.resolve(name), text)}"

    private fun real(name: String) = commands().single { it.commandName == name }

    @Test
    fun `lint tells what mends a file, and validate warns of it`() {
        val file = file("p.yaml", policyWith("{name: all, priority: 1}, {name: never}"))
        val line = "$file:4:48: routing.decisions[1].name: never wins: all matches always and ranks higher (unreachable-decision)"
        record(real("lint"), "lint", file) shouldBe Recorded(ExitStatus.REFUSED, "$line; rank it above", "")
        record(real("validate"), "validate", file).out shouldContain "warning: $line"
        val fix = parseJson(record(real("lint"), "lint", file, "--json").out)?.path(0)?.path("fix")
        (fix?.path("path")?.asText() to fix?.path("replacement")?.asText()) shouldBe ("routing.decisions[1].priority" to "2")
        record(real("lint"), "lint", file("good.yaml", policyWith("{name: all}"))) shouldBe Recorded(ExitStatus.DONE, "", "")
    }

    @Test
    fun `lint and validate ask the encoder which members of a partition are alike`() {
        val rules =
            mapOf(
                "refund" to "[I want my money back, please refund my order]",
                "repay" to "[please refund my order, I want my money back]",
                "invoice" to "[send the invoice to another address, why was my card charged twice]",
                "code" to "[write a function in Python, what does this stack trace mean]",
            )
        val file = file(
            "p.yaml",
            """
            version: v0.3
            providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
            routing:
              signals:
                embeddings: [${rules.entries.joinToString { (name, texts) -> "{name: $name, threshold: 0.5, candidates: $texts}" }}]
              projections: {partitions: [{name: topic, members: [${rules.keys.joinToString()}], default: code}]}
              decisions: [{name: d}]
            """.trimIndent(),
        )
        val line = "$file:6:62: routing.projections.partitions[0].members[1]: is to the partition topic what refund is: candidates of " +
            "likeness 1, so hardly a text tells them apart (alike-members)"
        record(real("lint"), "lint", file) shouldBe Recorded(ExitStatus.REFUSED, line, "")
        record(real("validate"), "validate", file).out shouldContain "warning: $line"
    }

    @Test
    fun `migrate prints the new file, and what it left out on standard error`() {
        val old =
            """
            vllm_endpoints: [{name: e, address: 127.0.0.1, port: 8000}]
            model_config: {m: {preferred_endpoints: [e], pii_policy: {}}}
            default_model: m
            """.trimIndent()
        val migrated = record(real("migrate"), "migrate", file("old.yaml", old))
        migrated.status shouldBe ExitStatus.DONE
        migrated.err shouldContain "old.yaml:2:46: model_config.m.pii_policy: is left out"
        record(real("validate"), "validate", file("new.yaml", migrated.out)).status shouldBe ExitStatus.DONE
    }

    @Test
    fun `migrate ends with 1 where the new file is not valid yet`() {
        val migrated = record(real("migrate"), "migrate", file("old.yaml", "default_model: m"))
        migrated.status shouldBe ExitStatus.REFUSED
        migrated.err shouldContain "has no models"
        migrated.err shouldContain "left in the new file"
    }

    @Test
    fun `the program reads environment variables`() {
        val seen = mutableListOf<String?>()
        val probe =
            object : Command("probe", "Reads a variable.") {
                override fun run() {
                    seen += environment("PATH")
                }
            }
        run(router(listOf(probe)).withEnvironment(), listOf("probe")) shouldBe ExitStatus.DONE
        seen shouldBe listOf(System.getenv("PATH"))
    }

    private fun policyWith(decisions: String) =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "localhost:1"}]}]}
        routing:
          decisions: [{name: x, rules: {type: y}}]
        """.trimIndent().replace("{name: x, rules: {type: y}}", decisions)
}
