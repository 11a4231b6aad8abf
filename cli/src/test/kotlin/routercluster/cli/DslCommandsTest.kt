package routercluster.cli

import com.github.ajalt.clikt.core.CoreCliktCommand
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Files
import java.nio.file.Path

/** The commands of the policy language with the real modules behind them. */
class DslCommandsTest {
    @TempDir
    lateinit var folder: Path

    private fun file(name: String, text: String): String = "${Files.writeString(folder.resolve(name), text)}"

    private fun real(name: String): CoreCliktCommand = commands().single { it.commandName == name }

    private fun dsl(vararg args: String) = record(real("dsl"), "dsl", *args)

    private val base by lazy {
        file(
            "base.yaml",
            """
            version: v0.3
            providers:
              defaults: {default_model: small}
              models: [{name: small, backend_refs: [{endpoint: "127.0.0.1:8000"}]}]
            routing: {decisions: [{name: old}]}
            """.trimIndent(),
        )
    }

    private val program =
        """
        # Two routes.
        SIGNAL keyword code {
          keywords: ["function"]
          operator: "OR"
        }

        ROUTE code {
          WHEN keyword("code") # only these
          MODEL small
        }

        RECIPE quiet {
          ROUTE rest {
            MODEL small
          }

          TEST quiet {
            "anything" -> rest
          }
        }

        TEST all {
          "write a function" -> code
        }
        """.trimIndent() + "\n"

    @Test
    fun `a program is compiled over its base and decompiled again`() {
        val compiled = dsl("compile", file("p.dsl", program), "--base", base)
        compiled.err shouldBe ""
        compiled.out shouldContain "default_model: small"
        compiled.out shouldContain "- name: code\n      rules:\n        type: keyword\n        name: code"
        val whole = folder.resolve("whole.yaml")
        dsl("compile", file("p.dsl", program), "--base", base, "--out", "$whole") shouldBe Recorded(0, "", "")
        record(real("validate"), "validate", "$whole").out shouldStartWith "$whole: valid, 1 model, 2 decisions"
        dsl("decompile", "$whole").out shouldStartWith "SIGNAL keyword code {\n  keywords: [\"function\"]"
        dsl("decompile", file("odd.yaml", "recipes: [1]")).err shouldContain "recipes[0]: wrong type; accepted: a mapping"
    }

    @Test
    fun `problems of the loader are shown in the program's lines, and the base's in the base's`() {
        val file = file("p.dsl", program.replace("MODEL small\n}", "MODEL smll\n}"))
        val refused = dsl("validate", file, "--base", base)
        refused.status shouldBe ExitStatus.REFUSED
        refused.err shouldBe
            "$file:9:9: routing.decisions[0].modelRefs[0].model: unknown model (found smll); accepted: small; did you mean small?\n" +
            "9 |   MODEL smll\n  |         ^\n$file: 1 problem"
        val bad = file("bad.yaml", Files.readString(Path.of(base)).replace("backend_refs: [{endpoint", "backend_refs: [{endpint"))
        dsl("validate", file("p.dsl", program), "--base", bad).err shouldContain "$bad:4:41: providers.models[0].backend_refs[0]"
    }

    @Test
    fun `a key that the loader does not know is shown itself`() {
        val typed = program.replace("\"OR\"", "\"OR\" methd: regex").replace("MODEL small\n}", "MODEL small\n  tierr: 1\n}")
        val file = file("p.dsl", typed)
        val problems = dsl("validate", file, "--base", base).err.lines().filter { it.startsWith(file) }
        problems.map { it.substringBefore(" (found") } shouldBe
            listOf(
                "$file:4:18: routing.signals.keywords[0].methd: unknown key",
                "$file:10:3: routing.decisions[0].tierr: unknown key",
                "$file: 2 problems",
            )
    }

    @Test
    fun `validate tells hints to people, and fixes to programs`() {
        dsl("validate", file("p.dsl", program)).out shouldContain "can be read; --base checks it as a router does"
        dsl("validate", file("p.dsl", program), "--base", base).out shouldContain "valid, 1 model, 2 decisions"
        val file = file("p.dsl", program.replace("WHEN keyword", "WHEN keyword(\"cod\") OR keyword").replace("ROUTE code", "ROTE code"))
        dsl("validate", file).err shouldContain "$file:7:1: error: ROTE begins nothing that is known here"
        val json = parseJson(dsl("validate", file, "--json").out)
        json?.path("valid")?.asBoolean() shouldBe false
        val fix = json?.at("/hints/0/fixes/0")
        fix?.path("replacement")?.asText() shouldBe "ROUTE"
        fix?.at("/range/end/column")?.asInt() shouldBe 5
    }

    @Test
    fun `fmt lays out in place, keeps comments, and changes nothing where it only checks or cannot read`() {
        val wide = program.replace("\n  ", "\n       ").replace("}\n\nROUTE", "}\nROUTE")
        val file = file("p.dsl", wide)
        dsl("fmt", "--check", file) shouldBe Recorded(1, "$file: is laid out otherwise", "1 file to lay out; router dsl fmt does it")
        Files.readString(Path.of(file)) shouldBe wide
        dsl("fmt", file) shouldBe Recorded(0, "$file: laid out", "")
        Files.readString(Path.of(file)) shouldBe program
        dsl("fmt", "--check", file) shouldBe Recorded(0, "", "")
        val unreadable = file("bad.dsl", "ROUTE r { WHEN }")
        dsl("fmt", unreadable).err shouldContain "$unreadable:1:16: error: expected a condition"
        Files.readString(Path.of(unreadable)) shouldBe "ROUTE r { WHEN }"
    }

    @Test
    fun `ast prints every name with its place`() {
        val json = parseJson(dsl("ast", file("p.dsl", "ROUTE r { TIER 1 }")).out)
        json?.at("/items/0/name")?.toString() shouldBe """{"node":"name","span":[6,7],"text":"r"}"""
        json?.at("/items/0/statements/0/value/written")?.asText() shouldBe "1"
    }

    private fun test(vararg args: String) = record(real("test-policy"), "test-policy", *args)

    @Test
    fun `test-policy decides each query by the policy of its recipe`() {
        test(file("p.dsl", program), "--base", base) shouldBe Recorded(0, "2 passed, 0 failed", "")
        val file = file("p.dsl", program.replace("write a function", "hello").replace("\"anything\" -> rest", "\"anything\" -> rst"))
        test(file, "--base", base) shouldBe
            Recorded(
                1,
                "$file:18:5: quiet: expected rst, the policy has no route rst; did you mean rest?\n" +
                    "$file:23:3: all: expected code, met no route\n0 passed, 2 failed",
                "$file:18:19: warning: no route is named rst; accepted: rest; did you mean rest?\n" +
                    "18 |     \"anything\" -> rst\n   |                   ^^^",
            )
        val json = parseJson(test(file, "--base", base, "--json").out)
        json?.path("failed")?.asInt() shouldBe 2
        json?.at("/results/1/query")?.asText() shouldBe "hello"
    }

    @Test
    fun `test-policy runs a program's tests against a policy in YAML`() {
        val tests = file("tests.dsl", "TEST t { \"q\" -> old }")
        test(base, "--tests", tests) shouldBe Recorded(0, "1 passed, 0 failed", "")
        test(base).err shouldContain "give the TEST blocks with --tests FILE.dsl"
        test(base, "--base", base, "--tests", tests).err shouldContain "is a whole policy already"
        test(tests).err shouldContain "give a policy file that has with --base FILE.yaml"
        test(file("none.dsl", "ROUTE r { }"), "--base", base).err shouldContain "has no TEST block"
    }
}
