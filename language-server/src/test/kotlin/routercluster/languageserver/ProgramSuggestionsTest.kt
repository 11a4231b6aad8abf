package routercluster.languageserver

import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import org.junit.jupiter.api.Test

private const val PROGRAM = """SIGNAL keyword code {
  operator: OR
  keywords: ["a"]
}
SIGNAL domain maths { <signal> }
PLUGIN brief system_prompt {
  <template>
}
MODEL local/small { }
ROUTE first {
  PRIORITY 1
  <statement>
  WHEN <condition>
  MODEL local/small (<option>), <model>
  ALGORITHM <algorithm>
  PLUGIN <plugin>
}
DECISION_TREE tree {
  IF keyword("code") { NAME inner MODEL m }
  <branch>
}
TEST t { "query" -> <route> }
<item>
"""

private fun at(mark: String, written: String = "") = PROGRAM.replace("<$mark>", "$written|").replace(Regex("<[a-z]+>"), "")

class ProgramSuggestionsTest {
    @Test
    fun `words by what they would begin`() {
        programs.labelsAt(at("item")) shouldBe itemWords
        programs.labelsAt(at("statement")) shouldContainAll listOf("WHEN", "EMIT")
        programs.labelsAt(at("branch")) shouldBe listOf("IF", "ELSE IF", "ELSE")
        programs.labelsAt("RECIPE r {\n  |\n}") shouldBe itemWords - setOf("MODEL", "ENTRYPOINT", "RECIPE")
        programs.labelsAt("# SIG|") shouldBe emptyList()
    }

    @Test
    fun `what was left open above does not matter`() {
        programs.labelsAt("ROUTE a {\n  WHEN keyword(\nSIGNAL keyword k {\n  operator: |") shouldBe listOf("OR", "AND", "NOR")
        programs.labelsAt("RECIPE r {\n  ROUTE a {\n  ROUTE b {\n    ALGORITHM |").first() shouldBe "static"
    }

    @Test
    fun `types and fields are those of the format`() {
        programs.labelsAt("SIGNAL |") shouldContainAll listOf("keyword", "domain", "authz")
        programs.labelsAt("PROJECTION |") shouldBe listOf("partition", "score", "mapping")
        programs.labelsAt(at("algorithm")) shouldContainAll listOf("static", "weighted", "multi_factor")
        programs.labelsAt(at("signal")) shouldContainAll listOf("name", "mmlu_categories")
        programs.labelsAt(at("template")) shouldContainAll listOf("system_prompt", "mode")
        programs.labelsAt("SIGNAL keyword a { operator: | }") shouldBe listOf("OR", "AND", "NOR")
        programs.labelsAt("ROUTE r {\n ALGORITHM multi_factor {\n |") shouldContainAll listOf("weights")
    }

    @Test
    fun `names are the program's own`() {
        val conditions = listOf("keyword(\"code\")", "domain(\"maths\")", "NOT")
        programs.labelsAt(at("condition")) shouldBe conditions
        programs.labelsAt(at("condition", "keyword(\"code\") AND ")) shouldBe conditions
        programs.labelsAt(at("condition", "keyword(\"code\") ")) shouldBe listOf("AND", "OR")
        programs.labelsAt(at("condition", "domain(")) shouldBe listOf("maths")
        programs.labelsAt(at("model")) shouldBe listOf("local/small", "m")
        programs.labelsAt(at("option")) shouldBe listOf("reasoning", "effort", "lora", "weight")
        programs.labelsAt(at("plugin")).first() shouldBe "brief"
        programs.labelsAt(at("route")) shouldBe listOf("first", "inner")
    }

    @Test
    fun `what is taken stands in the place of what was written`() {
        programs.taken("SIGNAL domain maths { }\nROUTE r { WHEN domain(\"|", "maths") shouldBe
            "SIGNAL domain maths { }\nROUTE r { WHEN domain(\"maths\""
        programs.taken("SIGNAL key|", "keyword") shouldBe "SIGNAL keyword"
    }

    @Test
    fun `hover tells what words and fields mean`() {
        programs.explained("RO|UTE r { }").orEmpty() shouldStartWith "ROUTE: a decision"
        programs.explained("SIGNAL key|word a { }").orEmpty() shouldStartWith "keyword: Words."
        programs.explained("SIGNAL keyword a { oper|ator: OR }").orEmpty() shouldStartWith "operator: "
        programs.explained("ROUTE r { ALGORITHM multi_f|actor }").orEmpty() shouldStartWith "multi_factor: By a weighted mean"
        programs.explained("ROUTE r { WHEN keyword(\"a|\") }") shouldBe null
    }

    @Test
    fun `format lays out what can be read`() {
        val source = Marked("ROUTE r{PRIORITY 1}|", "f").source
        programs.formatted(source) shouldBe "ROUTE r {\n  PRIORITY 1\n}\n"
        programs.formatted(Marked("ROUTE {|", "f").source) shouldBe null
    }
}
