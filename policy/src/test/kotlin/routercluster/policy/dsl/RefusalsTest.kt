package routercluster.policy.dsl

import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** What is said of programs that are wrong, and what is left of them when the fixes are made. */
class RefusalsTest {
    /** @property hints each as `line:column level: message; accepted` */
    private class Row(val program: String, vararg val hints: String, val fixed: String? = null)

    private fun check(rows: List<Row>): List<DynamicTest> =
        rows.map { row ->
            dynamicTest(row.program.take(60)) {
                val parsed = parseProgram(row.program, "p.dsl")
                val hints = check(parsed)
                hints.map { told(it, parsed.source) } shouldBe row.hints.toList()
                row.fixed?.let { fixed(row.program, hints) shouldBe it }
            }
        }

    private fun told(hint: Hint, source: SourceText) =
        source.location(hint.span.start).let { "${it.line}:${it.column}" } + " ${hint.level.name.lowercase()}: ${hint.message}" +
            hint.accepted?.let { "; $it" }.orEmpty()

    private fun fixed(text: String, hints: List<Hint>): String =
        hints.mapNotNull { it.fixes.firstOrNull() }.sortedByDescending { it.span.start }.fold(text) { now, fix ->
            now.replaceRange(fix.span.start, fix.span.end, fix.replacement)
        }

    @TestFactory
    fun `refuses what cannot be read`(): List<DynamicTest> =
        check(
            listOf(
                Row(
                    "SIGNL pii a { }",
                    "1:1 error: SIGNL begins nothing that is known here; $TOP",
                    fixed = "SIGNAL pii a { }",
                ),
                Row("SIGNAL pii { }", "1:12 error: expected the name of the pii signal, found {"),
                Row("SIGNAL pii a", "1:13 error: expected { with the fields of SIGNAL a, found the end of the text"),
                Row(
                    "SIGNAL pii a {\n  threshold: 1",
                    "2:15 error: SIGNAL a is not closed before the end of the text; }",
                    fixed = "SIGNAL pii a {\n  threshold: 1\n}",
                ),
                Row(
                    "SIGNAL pii a {\n  threshold:\n  method: x\n}",
                    "3:3 error: expected a value of threshold, found method",
                ),
                Row(
                    "SIGNAL pii a { threshold = 1 }",
                    "1:26 error: expected : after threshold, found =",
                    fixed = "SIGNAL pii a { threshold : 1 }",
                ),
                Row("SIGNAL pii a { l: [1 2] }", "1:22 error: expected , or ] in the list of l, found 2"),
                Row("SIGNAL pii a { s: \"x }", "1:19 error: the text is not closed on its line; \\n for a new line", "1:23 $UNCLOSED"),
                Row(
                    """SIGNAL pii a { s: "\d" }""",
                    """1:20 error: unknown escape \d; \" \\ \/ \n \t \r \u0041""",
                    fixed = """SIGNAL pii a { s: "\\d" }""",
                ),
                Row("SIGNAL pii a { s: 7B }", "1:19 error: 7B is neither a number nor a name", fixed = "SIGNAL pii a { s: \"7B\" }"),
                Row("SIGNAL pii é { }", "1:12 error: é is not a name; $NAME_FORM", fixed = "SIGNAL pii \"é\" { }"),
                Row("SIGNAL pii a { ; }", "1:16 error: ; means nothing here"),
                Row("SIGNAL pii \"\" { }", "1:12 error: the name is empty; the name of the pii signal"),
                Row("}", "1:1 error: this } closes nothing"),
                Row("ROUTE r { PRIORITY high }", "1:20 error: expected a whole number, found high"),
                Row(
                    "ROUTE r {\n  PRIORTY 5\n}",
                    "2:3 error: PRIORTY begins no statement; PRIORITY, TIER, WHEN, MODEL, ALGORITHM, PLUGIN, DESCRIPTION, FOR, EMIT, " +
                        "or a field such as annotations: { … }",
                    fixed = "ROUTE r {\n  PRIORITY 5\n}",
                ),
                Row("ROUTE r { NAME x }", "1:11 error: a route has no NAME: its name stands behind ROUTE"),
                Row("ROUTE r { WHEN AND }", "1:16 error: expected a condition such as keyword(\"name\"), NOT … or ( … ), found AND"),
                Row("ROUTE r { WHEN pii(\"a\" }", "1:24 error: expected ) after \"a\", found }"),
                Row("ROUTE r { WHEN (projection(\"a\") }", "1:33 error: expected AND, OR or ), found }"),
                Row(
                    "ROUTE r (description: \"x\") { }",
                    "1:21 error: expected = after description, found :",
                    fixed = "ROUTE r (description = \"x\") { }",
                ),
                Row("ROUTE r { FOR m OF x { } }", "1:17 error: expected IN after FOR m, found OF"),
                Row("DECISION_TREE t { ELSE { } }", "1:19 error: expected IF, which begins a decision tree, found ELSE", "1:28 $NO_ELSE"),
                Row("DECISION_TREE t { IF pii(\"a\") { } ELSE { } ELSE { } }", "1:26 $NO_SIGNAL", "1:44 $TWO_ELSE"),
                Row("DECISION_TREE t { IF pii(\"a\") { WHEN x } ELSE { } }", "1:26 $NO_SIGNAL", "1:33 $NO_WHEN"),
                Row(
                    "TEST t { \"q\" => r }",
                    "1:14 error: expected -> and the route that the query is to meet, found =",
                    "1:15 error: > means nothing here",
                ),
                Row("RECIPE r { MODEL m { } }", "1:12 error: MODEL cannot stand in a recipe: all recipes share the models"),
                Row("RECIPE r { RECIPE s { } }", "1:12 error: RECIPE begins nothing that is known here; $IN_RECIPE"),
                Row(
                    "RECIPE r {\n  ROUTE a { }\nRECIPE s { }",
                    "3:1 error: RECIPE r is not closed before RECIPE; }",
                    fixed = "RECIPE r {\n  ROUTE a { }\n}\nRECIPE s { }",
                ),
                Row(
                    "SIGNAL pii a { l: ${"[".repeat(70)}${"]".repeat(70)} }",
                    "1:82 error: is nested too deep; at most 64 levels",
                ),
            ),
        )

    @TestFactory
    fun `goes on after what cannot be read`(): List<DynamicTest> =
        check(
            listOf(
                Row(
                    "ROUTE a {\n  MODEL (\n  TIER 1\n  WHEN x(\n  PRIORITY 1.5\nROUTE b {\n  EMIT\n}\nROUTE b { }",
                    "2:9 error: expected the name of a model, found (",
                    "5:3 error: expected the name of a x signal, found PRIORITY",
                    "5:12 constraint: PRIORITY cannot be 1.5; $PRIORITIES",
                    "6:1 error: ROUTE a is not closed before ROUTE; }",
                    "8:1 error: expected what to emit, such as retention, found }",
                    "9:7 constraint: the route b stands twice; another name",
                ),
            ),
        )

    @TestFactory
    fun `warns of names that are unknown, with the nearest`(): List<DynamicTest> =
        check(
            listOf(
                Row("SIGNAL keywrd a { }", "1:8 warning: no type of signal is named keywrd; $SOME_TYPES", fixed = "SIGNAL keyword a { }"),
                Row(
                    "SIGNAL keyword urgent { } ROUTE r { WHEN keyword(\"urgnt\") }",
                    "1:50 warning: no keyword signal is named urgnt; urgent",
                    fixed = "SIGNAL keyword urgent { } ROUTE r { WHEN keyword(\"urgent\") }",
                ),
                Row("SIGNAL complexity c { } ROUTE r { WHEN complexity(\"c:hard\") }"),
                Row(
                    "SIGNAL complexity effort { } ROUTE r { WHEN complexity(\"efort:hard\") }",
                    "1:56 warning: no complexity signal is named efort:hard; effort:hard",
                    fixed = "SIGNAL complexity effort { } ROUTE r { WHEN complexity(\"effort:hard\") }",
                ),
                Row("ROUTE r { WHEN keywrd(\"a\") }", "1:16 warning: no type of condition is named keywrd; $SOME_CONDITIONS"),
                Row(
                    "PROJECTION score s { } PROJECTION mapping m { source: t outputs: [{ name: \"low\" }] } ROUTE r { WHEN projection(\"lo\") }",
                    "1:55 warning: no score is named t; s",
                    "1:112 warning: no output of a projection is named lo; low",
                ),
                Row(
                    "SIGNAL complexity c { composer: { operator: AND, conditions: [{ type: pii, name: a }] } }",
                    "1:82 warning: no pii signal is named a",
                ),
                Row("PROJECTION score s { inputs: [{ type: pii name: a }] }", "1:49 warning: no pii signal is named a"),
                Row("PROJECTION sum s { }", "1:12 warning: no kind of projection is named sum; mapping, partition, score"),
                Row(
                    "MODEL local/qwen { param_size: \"7B\" } ROUTE r { MODEL local/qwn (param_size = \"9B\"), other }",
                    "1:55 warning: no model is named local/qwn; local/qwen",
                    "1:66 warning: param_size is not what the card of local/qwn says; it is not used; param_size in MODEL local/qwn",
                    fixed = "MODEL local/qwen { param_size: \"7B\" } ROUTE r { MODEL local/qwen (param_size = \"9B\"), other }",
                ),
                Row(
                    "PLUGIN cache response_cache { } ROUTE r { PLUGIN cach PLUGIN response_cache }",
                    "1:50 warning: no template is named cach; cache",
                ),
                Row("ENTRYPOINT { recipe: \"fst\" } RECIPE fast { }", "1:22 warning: no recipe is named fst; default, fast"),
                Row("ROUTE r { } TEST t { \"q\" -> s }", "1:29 warning: no route is named s; r"),
                Row(
                    "ROUTE r { FOR m IN candidates { MODEL n } }",
                    "1:20 warning: no source is named candidates; decision.candidates",
                    "1:39 warning: no variable is named n; m",
                ),
                Row(
                    "SIGNAL domain a { mmlu_categories: [\"law\"] } SIGNAL domain b { mmlu_categories: [\"law\"] }",
                    "1:82 warning: the category law belongs to the domain signal a too: both match at once",
                ),
            ),
        )

    @TestFactory
    fun `refuses what no router can act on`(): List<DynamicTest> =
        check(
            listOf(
                Row("SIGNAL pii a { } SIGNAL pii a { } SIGNAL kb a { }", "1:29 constraint: the pii signal a stands twice; another name"),
                Row("SIGNAL pii a { t: 1 t: 2 }", "1:21 constraint: the field t stands twice; another name"),
                Row("RECIPE r { ROUTE a { } ROUTE a { } } ROUTE a { }", "1:30 constraint: the route a stands twice; another name"),
                Row(
                    "ROUTE r { PRIORITY 1.5 TIER -1 }",
                    "1:20 constraint: PRIORITY cannot be 1.5; $PRIORITIES",
                    "1:29 constraint: TIER cannot be -1; $TIERS",
                ),
                Row("ROUTE r { TIER 1 TIER 2 }", "1:18 constraint: TIER stands twice; one of them"),
                Row(
                    "SIGNAL pii a { } DECISION_TREE t { IF pii(\"a\") { } }",
                    "1:52 constraint: DECISION_TREE t has no ELSE; ELSE { … } as its last branch",
                    fixed = "SIGNAL pii a { } DECISION_TREE t { IF pii(\"a\") { } ELSE { }\n}",
                ),
                Row(
                    "$DOMAINS PROJECTION partition p { members: [\"a\", \"b\"] default: a }\nROUTE r { WHEN domain(\"a\") AND domain(\"b\") }",
                    "2:32 constraint: never holds: the partition p keeps one of a and b at most; OR between them",
                ),
                Row(
                    "SIGNAL domain a { } SIGNAL embedding b { }\nPROJECTION partition p { members: [\"a\", \"b\"] default: c }",
                    "2:22 constraint: the members of p are of two families, whose confidences cannot be compared; " +
                        "all domain or all embedding signals",
                    "2:55 warning: no member is named c; a, b",
                ),
            ),
        )

    @Test
    fun `a hint shows its line with a caret, and what would be right`() {
        val text = "# first\nSIGNAL keyword urgent { }\nROUTE r {\n\tWHEN keyword(\"urgnt\")\n}"
        val parsed = parseProgram(text, "p.dsl")
        check(parsed).single().render(parsed.source) shouldBe
            "p.dsl:4:15: warning: no keyword signal is named urgnt; accepted: urgent; did you mean urgent?\n" +
            "4 | \tWHEN keyword(\"urgnt\")\n" +
            "  | \t             ^^^^^^^"
    }

    @Test
    fun `a text that is too large is not looked at`() {
        val parsed = parseProgram("#".repeat(PROGRAM_CHARS_MAX + 1), "p.dsl")
        parsed.hints.map { it.message } shouldBe listOf("is larger than 4194304 characters")
    }

    private companion object {
        const val TOP = "ROUTING, SIGNAL, PROJECTION, PLUGIN, ROUTE, DECISION_TREE, TEST, MODEL, ENTRYPOINT, RECIPE"
        const val NAME_FORM = "ASCII letters, digits and _ - . /, not beginning with a digit; other names in double quotes"
        const val UNCLOSED = "error: SIGNAL a is not closed before the end of the text; }"
        const val NO_WHEN = "error: a branch has no WHEN: its condition stands behind IF"
        const val NO_ELSE = "constraint: DECISION_TREE t has no ELSE; ELSE { … } as its last branch"
        const val TWO_ELSE = "error: ELSE stands already above; it is the last branch"
        const val NO_SIGNAL = "warning: no pii signal is named a"
        const val IN_RECIPE = "ROUTING, SIGNAL, PROJECTION, PLUGIN, ROUTE, DECISION_TREE, TEST"
        const val SOME_TYPES =
            "authz, classifier, complexity, context, conversation, domain, embedding, event, fact_check, jailbreak, kb, keyword, …"
        const val SOME_CONDITIONS = SOME_TYPES
        const val PRIORITIES = "a whole number from -1000000000 to 1000000000"
        const val TIERS = "a whole number from 0 to 1000000000"
        const val DOMAINS = "SIGNAL domain a { } SIGNAL domain b { }"
    }
}
