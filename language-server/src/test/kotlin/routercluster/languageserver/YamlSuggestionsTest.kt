package routercluster.languageserver

import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.CsvSource

/** A policy whose parts are marked, so that a test can write at one of them. */
private const val POLICY = """version: v0.3
providers:
  models:
    - name: small # a comment
      backend_refs:
        - endpoint: 127.0.0.1:8000
    - name: "large one"
  defaults:
    default_model: <default>
routing:
  strategy: <strategy>
  signals:
    keywords:
      - name: code
        operator: <operator>
        keywords: [a, <word>]
    domains:
    - name: maths
  decisions:
    - name: first
      description: >-
        rules:<text>
          type: no key
      rules:
        operator: OR
        conditions:
          - type: keyword
            name: <signal>
          - <rule>
      modelRefs:
        - model: <model>
      algorithm:
        type: multi_factor
        multi_factor:
          <factor>
      <decision>
entrypoints:
  - model_names: [x]
    recipe: <recipe>
"""

private fun at(mark: String, written: String = "") = POLICY.replace("<$mark>", "$written|").replace(Regex("<[a-z]+>"), "")

class YamlSuggestionsTest {
    @ParameterizedTest
    @CsvSource(
        "default, small;large one",
        "strategy, priority;confidence",
        "operator, OR;AND;NOR",
        "signal, code",
        "model, small;large one",
        "recipe, default",
    )
    fun `values are words of the format and names of the document`(mark: String, expected: String) {
        files.labelsAt(at(mark)) shouldBe expected.split(';')
    }

    @Test
    fun `keys are those of the section that are not there yet`() {
        val keys = files.labelsAt(at("decision"))
        keys shouldContainAll listOf("priority", "plugins", "tier")
        keys shouldNotContain "rules"
        files.labelsAt(at("rule")) shouldContainAll listOf("type", "operator", "on_error")
        files.labelsAt(at("factor")) shouldContain "weights"
        files.labelsAt("|") shouldContainAll listOf("version", "routing", "gateway")
        files.labelsAt("routing:\n  |") shouldContain "decisions"
    }

    @Test
    fun `lines of a block of text have no keys`() {
        files.explained(at("text")) shouldBe null
        files.labelsAt(at("text")) shouldBe emptyList()
    }

    @Test
    fun `what is taken stands in the place of what was written`() {
        files.taken("routing:\n  stra|", "strategy") shouldBe "routing:\n  strategy: "
        files.taken("routing:\n  stra|: priority", "strategy") shouldBe "routing:\n  strategy: priority"
        files.taken("routing:\n  deci|", "decisions") shouldBe "routing:\n  decisions:\n    - "
        files.taken(at("model", "\"la"), "large one") shouldContain "- model: \"large one\"\n"
        files.taken("routing:\n  strategy: pri|", "priority") shouldBe "routing:\n  strategy: priority"
    }

    @Test
    fun `in braces on one line`() {
        val head = "routing:\n  signals:\n    keywords:\n      - {name: code, operator: OR}\n  decisions:\n    - name: a\n      rules:"
        val signal = "conditions: [{type: keyword, name: co|}, {type: keyword, name: b}]"
        files.taken("$head {operator: OR, $signal}", "code") shouldBe
            "$head {operator: OR, ${signal.replace("|", "de")}}"
        files.labelsAt("$head {operator: | }") shouldBe listOf("AND", "OR", "NOT")
        files.labelsAt("$head {operator: OR, |}").first() shouldBe "type"
        files.labelsAt("$head {conditions: []} |") shouldBe emptyList()
        files.labelsAt("$head |{conditions: []}") shouldBe emptyList()
        files.taken("$head\n        conditions:\n          - { type: keyword, na|: x }", "name") shouldBe
            "$head\n        conditions:\n          - { type: keyword, name: x }"
        files.explained("$head {oper|ator: OR}").orEmpty() shouldContain "operator: How conditions are joined."
        val partition = "routing:\n  signals:\n    domains:\n      - {name: x}\n  projections:\n    partitions:\n      - {members: [|]}"
        files.labelsAt(partition) shouldBe listOf("x")
        files.labelsAt(partition.replace("{members: [|]}", "members: [|]")) shouldBe listOf("x")
    }

    @Test
    fun `documents that are no policy get nothing`() {
        files.labelsAt("apiVersion: v1\nkind: Pod\n|") shouldBe emptyList()
        files.labelsAt("routing: # |") shouldBe emptyList()
        files.explained("kind: P|od") shouldBe null
    }

    @Test
    fun `hover tells meaning, shape and whether it works`() {
        files.explained("routing:\n  decisions:\n    - pri|ority: 3") shouldBe
            "priority: Higher wins.\nwhole number; 0 by default; -1000000000 to 1000000000\nworks"
        files.explained("routing:\n  decisions:\n    - adapt|ations: {}").orEmpty() shouldContain
            "inactive: router_learning is not built yet"
    }
}
