package routercluster.cli.language

import com.github.ajalt.clikt.core.CoreCliktCommand
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.ExitStatus
import routercluster.cli.Recorded
import routercluster.cli.commands
import routercluster.cli.parseJson
import routercluster.cli.record
import routercluster.mock.Answer
import routercluster.mock.Fault
import routercluster.mock.RunningMock
import routercluster.mock.Script
import routercluster.mock.mockLlm
import java.nio.file.Files
import java.nio.file.Path

/** `router compile` with the real modules behind it, and scripted models in the place of those that draft. */
class CompileWordsTest {
    @TempDir
    lateinit var folder: Path

    private val command: CoreCliktCommand get() = commands().single { it.commandName == "compile" }

    private fun file(name: String, text: String): String = "${Files.writeString(folder.resolve(name), text)}"

    private fun compile(vararg args: String): Recorded = record(command, "compile", *args)

    private fun policy(port: Int = 1) =
        """
        version: v0.3 # of today
        providers:
          defaults: {default_model: house}
          models:
            - {name: house, backend_refs: [{endpoint: "127.0.0.1:$port", api_key: sk-secret}]}
            - {name: cloud, backend_refs: [{base_url: "https://api.example.com/v1"}]}
        routing:
          modelCards: [{name: house, quality_score: 0.4}, {name: cloud, quality_score: 0.9}]
          signals: {keywords: [{name: code, operator: OR, keywords: [function]}]}
          decisions: [{name: code, priority: 100, rules: {type: keyword, name: code}, modelRefs: [{model: house}]}]
        """.trimIndent()

    private val program =
        """
        # Ours.
        SIGNAL keyword code { keywords: ["function"] operator: "OR" }
        ROUTE code { PRIORITY 100 WHEN keyword("code") MODEL house }

        TEST all {
          "write a function" -> code
          "a function for my contract" -> code
        }
        """.trimIndent() + "\n"

    private val wish = "send contract questions to the premium model, keep anything with personal data local"

    @Test
    fun `templates show the change and write nothing`() {
        val base = file("p.yaml", policy())
        val shown = compile(wish, "--base", base, "--no-llm")
        shown.status shouldBe ExitStatus.DONE
        shown.out shouldContain "+ROUTE personal_data {\n+  PRIORITY 120\n+  WHEN pii(\"personal_data\")\n+  MODEL house\n+}"
        shown.out shouldContain "+  WHEN keyword(\"contract\")\n+  MODEL cloud\n"
        shown.out shouldContain "nothing is written; --apply writes it to $base"
        Files.readString(Path.of(base)) shouldBe policy()
    }

    @Test
    fun `every intent of the templates makes a policy that a router takes`() {
        val words =
            "Block jailbreaks with the message \"No.\"; block personal data; hard math, physics and law questions go to cloud. " +
                "Send easy questions to house, send medical questions to cloud and for medical questions, " +
                "add the system prompt \"Careful.\"; French or German code to cloud: no."
        val json = parseJson(compile(words, "--base", file("p.yaml", policy()), "--no-llm", "--json").out)
        val text = json?.path("program")?.asText().orEmpty()
        text shouldContain "complexity(\"difficulty:hard\") AND (domain(\"math\") OR domain(\"physics\") OR domain(\"law\"))"
        text shouldContain "WHEN domain(\"health\")\n  MODEL cloud\n  PLUGIN system_prompt"
        text shouldContain "WHEN jailbreak(\"attack\")\n  PLUGIN fast_response {\n    message: \"No.\""
        json?.at("/not_understood/0/text")?.asText() shouldBe "French or German code to cloud: no"
        json?.path("remarks")?.size() shouldBe 0
    }

    @Test
    fun `apply writes what a router takes, and keeps the old file`() {
        val base = file("p.yaml", policy())
        compile("send contracts to cloud", "--base", base, "--no-llm", "--apply").out shouldContain "$base: written; the file before is "
        Files.readString(folder.resolve("p.yaml.old")) shouldBe policy()
        record(commands().single { it.commandName == "validate" }, "validate", base).out shouldContain "2 models, 2 decisions"
        Files.list(folder).use { files -> files.map { "${it.fileName}" }.sorted().toList() } shouldBe listOf("p.yaml", "p.yaml.old")
    }

    @Test
    fun `what is not understood keeps all of it from being written`() {
        val base = file("p.yaml", policy())
        val half = compile("send contracts to cloud; sing", "--base", base, "--no-llm", "--apply")
        half.status shouldBe ExitStatus.REFUSED
        half.err shouldContain "sing: has none of the forms that templates know"
        Files.readString(Path.of(base)) shouldBe policy()
    }

    @Test
    fun `a program is changed in its own text, and its tests show what is decided otherwise`() {
        val base = file("p.dsl", program)
        val args = arrayOf("send contracts to cloud", "--base", base, "--providers", file("p.yaml", policy()), "--no-llm")
        compile(*args, "--apply").out shouldContain
            "2 probes, 1 decided otherwise\n  all: a function for my contract: code (house) -> contract (cloud), expected code"
        val written = Files.readString(Path.of(base))
        written shouldContain "# Ours.\nSIGNAL keyword code { keywords: [\"function\"] operator: \"OR\" }\n"
        written shouldContain "ROUTE contract {\n  PRIORITY 110\n"
        compile("send contracts to cloud", "--base", base).err shouldContain "give a policy file that has with --providers FILE.yaml"
    }

    @Test
    fun `a probe file is decided before and after`() {
        val probes =
            """
            schema_version: v1
            name: probes
            decisions: [{id: g, expected_decision: code, variants: [{id: a, query: a function}, {id: b, query: a function for a contract}]}]
            """.trimIndent()
        val args =
            arrayOf("send contracts to cloud", "--base", file("p.yaml", policy()), "--no-llm", "--probes", file("probes.yaml", probes))
        val json = parseJson(compile(*args, "--json").out)
        json?.path("probes")?.map { it.path("changed").asBoolean() } shouldBe listOf(false, true)
        json?.at("/probes/1/after")?.asText() shouldBe "contract (cloud)"
    }

    @Test
    fun `recipes that templates do not reach are named`() {
        val base = file("p.yaml", policy() + "\nrecipes: [{name: quiet, routing: {decisions: [{name: all}]}}]\n")
        compile("block jailbreaks", "--base", base, "--no-llm").out shouldContain
            "templates change the recipe default only; as they were: quiet"
    }

    @Test
    fun `a file that changes meanwhile is left alone`() {
        val base = folder.resolve("p.yaml")
        Files.writeString(base, "new")
        val refused = runCatching { replaceFile(base, "old", "mine") }.exceptionOrNull()
        refused?.message.orEmpty() shouldContain "was changed meanwhile"
        Files.readString(base) shouldBe "new"
    }

    private val good =
        "SIGNAL keyword contract { operator: \"OR\" keywords: [\"contract\"] }\n" +
            "ROUTE contracts { PRIORITY 200 WHEN keyword(\"contract\") MODEL cloud }"

    private fun <T> withModel(vararg answers: String, use: (mock: RunningMock, base: String) -> T): T =
        mockLlm(Script(answer = Answer.Text(answers.last()))).use { mock ->
            answers.forEach { mock.next(Script(answer = Answer.Text(it))) }
            use(mock, file("p.yaml", policy(mock.port)))
        }

    @Test
    fun `a model drafts, and mends what the router refuses`() {
        val bad = good.replace("MODEL cloud", "MODEL clod")
        withModel("```\n$bad\n```", "Sorry!\n```dsl\n$good\n```\nDone.") { mock, base ->
            val json = parseJson(compile(wish, "--base", base, "--json").out)
            json?.path("model")?.asText() shouldBe "house"
            json?.path("repairs")?.asInt() shouldBe 1
            json?.path("diff")?.asText().orEmpty() shouldContain "+ROUTE contracts {\n+  PRIORITY 200\n"
            json?.path("applied")?.asBoolean() shouldBe false
            val (first, second) = mock.seen.map { it.json() }
            first.path("temperature").asDouble() shouldBe 0.1
            first.path("max_tokens").asInt() shouldBe 4096
            "${mock.seen.first().headers.get("authorization")}" shouldBe "Bearer sk-secret"
            val complaint = second
                .path("messages")
                .last()
                .path("content")
                .asText()
            complaint shouldContain
                "draft:28:9: routing.decisions[1].modelRefs[0].model: unknown model (found clod); accepted: house, cloud; did you mean cloud?"
            complaint shouldNotContain "$folder"
            mock.seen.forEach { it.text() shouldNotContain "sk-secret" }
        }
    }

    @Test
    fun `what nothing reads is sent back once more`() {
        val unused = "$good\nSIGNAL language de {}"
        withModel(unused, good) { _, base -> compile(wish, "--base", base).out shouldNotContain "SIGNAL language" }
        withModel(unused) { mock, base ->
            val shown = compile(wish, "--base", base)
            shown.status shouldBe ExitStatus.DONE
            shown.out shouldContain "(unused-signal)"
            mock.requestCount shouldBe 4
        }
    }

    @Test
    fun `a model that never makes it is given up, and nothing is written`() {
        withModel("I would rather not.") { mock, base ->
            val refused = compile(wish, "--base", base, "--apply")
            refused.status shouldBe ExitStatus.REFUSED
            refused.err shouldContain "house made no valid policy of it in 4 rounds"
            mock.requestCount shouldBe 4
            Files.readString(Path.of(base)) shouldBe policy(mock.port)
        }
    }

    @Test
    fun `errors of the model are told without its words`() {
        mockLlm(Script(fault = Fault.Raw(401, "application/json", "{\"error\":\"bad key sk-secret\"}"))).use { mock ->
            val refused = compile(wish, "--base", file("p.yaml", policy(mock.port)))
            refused.err shouldContain "house answered with status 401"
            refused.err shouldNotContain "sk-secret"
        }
    }

    @Test
    fun `where no model answers, templates draft, unless one was named`() {
        val base = file("p.yaml", policy())
        val shown = compile("send contracts to cloud", "--base", base)
        shown.err shouldContain "house at 127.0.0.1:1 does not answer"
        shown.err shouldContain "drafted from templates"
        shown.out shouldContain "+ROUTE contract {"
        compile(wish, "--base", base, "--model", "house").status shouldBe ExitStatus.UNREACHABLE
        compile(wish, "--base", base, "--model", "hose").err shouldContain "accepted: house, cloud; did you mean house?"
    }

    @Test
    fun `a base that is no valid policy is refused with its own problems`() {
        val bad = compile(wish, "--base", file("p.yaml", policy().replace("model: house}", "model: hose}")), "--no-llm")
        bad.err.lines().first() shouldBe "the base is no valid policy, so nothing can be made of it"
        bad.err shouldContain "unknown model (found hose)"
        compile(" ", "--base", file("p.yaml", policy())).status shouldBe ExitStatus.USAGE
    }
}
