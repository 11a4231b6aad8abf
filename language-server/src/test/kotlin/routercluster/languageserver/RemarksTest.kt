package routercluster.languageserver

import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.loadPolicy
import routercluster.policy.dsl.SourceText
import routercluster.policy.encode.Head
import routercluster.policy.encode.Task

private fun policy(routing: String) =
    """
    version: v0.3
    providers: {models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:8000"}]}]}
    routing:
    """.trimIndent() + "\n" + routing.trimIndent().prependIndent("  ")

private fun SourceText.shown(remark: Remark) = text.substring(remark.span.start, remark.span.end)

class RemarksTest {
    @Test
    fun `an unknown key is marked and mended`() {
        val source = SourceText("p.yaml", policy("decisions:\n  - name: 😀 a\n    priorty: 3"))
        val remark = files.remarks(source).single()
        (remark.severity to source.shown(remark)) shouldBe (Severity.ERROR to "priorty")
        remark.message shouldContain "unknown key"
        source.with(remark.fixes.single()) shouldContain "    priority: 3"
    }

    @Test
    fun `an unknown name behind characters of two units is marked and mended`() {
        val source =
            SourceText(
                "p.yaml",
                policy(
                    "signals: {keywords: [{name: code, operator: OR, keywords: [a]}]}\n" +
                        "decisions: [{name: 😀, rules: {type: keyword, name: cod}}]",
                ),
            )
        val remark = files.remarks(source).single()
        source.shown(remark) shouldBe "cod"
        source.with(remark.fixes.single()) shouldContain "name: code}}"
    }

    @Test
    fun `lint warns, and its fix is put in`() {
        val flow = SourceText("p.yaml", policy("decisions: [{name: all, priority: 1}, {name: never}]"))
        val warning = files.remarks(flow).single()
        warning.severity shouldBe Severity.WARNING
        flow.with(warning.fixes.single()) shouldContain "{priority: 2, name: never}"
        val block = SourceText("p.yaml", policy("decisions:\n  - name: all\n    priority: 1\n  - name: never"))
        block.with(
            files
                .remarks(block)
                .single()
                .fixes
                .single(),
        ) shouldContain "  - priority: 2\n      name: never"
        val there = SourceText("p.yaml", policy("decisions: [{name: all, priority: 1}, {name: never, priority: 0}]"))
        there.with(
            files
                .remarks(there)
                .single()
                .fixes
                .single(),
        ) shouldContain "{name: never, priority: 2}"
    }

    @Test
    fun `a threshold that the head never lets matter is mended`() {
        val heads = mapOf("pii" to Head(Task.TOKEN, listOf("O", "B-PERSON"), answersFrom = 0.7))
        val beside =
            object : PolicyFiles by PolicyFiles.None {
                override val bundled = EncoderFolder.Found(null, heads)
            }
        val withHeads = PolicyFile({ text, file, environment -> loadPolicy(text, file, environment, beside) }) { null }
        val source = SourceText(
            "p.yaml",
            policy("signals: {pii: [{name: p, threshold: 0.5}]}\ndecisions: [{name: d, rules: {type: pii, name: p}}]"),
        )
        val remark = withHeads.remarks(source).single()
        (remark.severity to source.shown(remark)) shouldBe (Severity.WARNING to "0.5")
        remark.message shouldBe "0.5 is always reached (idle-threshold)"
        source.with(remark.fixes.single()) shouldContain "{name: p, threshold: 0.7}"
    }

    @Test
    fun `a variable that is not set here is no error`() {
        fun keyed(key: String) = SourceText("p.yaml", policy("decisions: [{name: a}]").replace("8000\"", "8000\", api_key_env: $key"))
        files.remarks(keyed("KEY")).shouldBeEmpty()
        files.remarks(keyed("OTHER")).single().severity shouldBe Severity.WARNING
    }

    @Test
    fun `what is not built yet is told`() {
        val remark = files.remarks(SourceText("p.yaml", policy("decisions: [{name: a, algorithm: {type: ratings}}]"))).single()
        remark.severity shouldBe Severity.INFORMATION
        remark.message shouldContain "looper is not built yet"
    }

    @Test
    fun `a text that is no YAML is marked where it breaks off, and others are let be`() {
        val broken = SourceText("p.yaml", "routing: {\n")
        files.remarks(broken).single().message shouldContain "is not valid YAML"
        files.remarks(SourceText("p.yaml", "kind: Pod\nspec: [")).shouldBeEmpty()
        files.remarks(SourceText("p.yaml", "")).shouldBeEmpty()
    }

    @Test
    fun `a program's hints come with their fixes`() {
        val source = SourceText("p.dsl", "SIGNAL keyword code { operator: OR, keywords: [\"a\"] }\nROUTE r { WHEN keyword(\"cod\") }")
        val remark = programs.remarks(source).single()
        (remark.severity to source.shown(remark)) shouldBe (Severity.WARNING to "\"cod\"")
        source.with(remark.fixes.single()) shouldContain "keyword(\"code\")"
    }

    /** Whatever a writer has got to, there is an answer. */
    @Test
    fun `every beginning of a document can be asked of`() {
        val texts = listOf(
            files to policy("decisions:\n  - name: a\n    rules:\n      - \"x\n    modelRefs: [{model: m}]"),
            files to policy("decisions: [{name: 'a', rules: {operator: OR, conditions: [{type: keyword, name: \"b\"}]}}]\nstrategy: [[}"),
            programs to "SIGNAL complexity c { hard: { candidates: [\"a\", 1] }, composer: { conditions: [{ type: x }, {name: y}] } }",
            programs to "RECIPE r { ROUTE a (x = 1) { WHEN NOT keyword(\"b\") MODEL m\n } }",
        )
        texts.forEach { (language, text) ->
            (0..text.length).forEach { end ->
                val source = SourceText("f", text.take(end))
                language.remarks(source)
                (0..end).forEach { offset ->
                    language.suggestions(source, offset)
                    language.explanation(source, offset)
                }
            }
        }
    }
}
