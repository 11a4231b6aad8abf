package routercluster.policy.dsl

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** Every form of the language beside the document that it stands for. */
class CompiledFormsTest {
    private class Row(val form: String, val program: String, val document: String)

    private val rows =
        listOf(
            Row("an empty program", "# nothing", "routing: {}"),
            Row("ROUTING", "ROUTING { strategy: confidence }", "routing: {strategy: confidence}"),
            Row(
                "SIGNAL, by the list of its type",
                """SIGNAL keyword "computer science" { operator: OR keywords: ["a", "b"] } SIGNAL authz admin { role: "root" }""",
                "routing: {signals: {keywords: [{name: computer science, operator: OR, keywords: [a, b]}], role_bindings: [{name: admin, role: root}]}}",
            ),
            Row(
                "values of every kind",
                """SIGNAL kb a { i: -3, f: 0.10, e: 1e3, t: true, n: null, l: [1, [2], ], m: { "odd key": { } } s: "q\"\\\n\u0041" }""",
                """routing: {signals: {kb: [{name: a, i: -3, f: 0.10, e: 1e3, t: true, n: null, l: [1, [2]], m: {odd key: {}}, s: "q\"\\\nA"}]}}""",
            ),
            Row(
                "PROJECTION",
                "PROJECTION partition p { default: a } PROJECTION score s { method: weighted_sum } PROJECTION mapping m { source: s }",
                "routing: {projections: {partitions: [{name: p, default: a}], scores: [{name: s, method: weighted_sum}], " +
                    "mappings: [{name: m, source: s}]}}",
            ),
            Row("MODEL", "MODEL a/b { quality_score: 0.9 }", "routing: {modelCards: [{name: a/b, quality_score: 0.9}]}"),
            Row(
                "ROUTE",
                """
                ROUTE r (description = "d") {
                  PRIORITY 5
                  TIER 1
                  WHEN keyword("a")
                  MODEL "m" (reasoning = true, effort = high, lora = "l", weight = 0.5, reasoning_description = "why", param_size = "7B"), n
                  ALGORITHM fusion (on_error = skip) { rounds: 2 }
                  annotations: { team: "x" }
                }
                """,
                """
                routing:
                  decisions:
                    - name: r
                      description: d
                      priority: 5
                      tier: 1
                      rules: {type: keyword, name: a}
                      modelRefs:
                        - {model: m, use_reasoning: true, reasoning_effort: high, lora_name: l, weight: 0.5, reasoning_description: why}
                        - {model: n}
                      algorithm: {type: fusion, on_error: skip, fusion: {rounds: 2}}
                      annotations: {team: x}
                """,
            ),
            Row(
                "conditions: AND binds closer than OR, and parentheses keep a group of its own",
                """ROUTE r { WHEN a("1") AND b("2") OR NOT (c("3") OR d("4")) AND (e("5") AND f("6")) }""",
                """
                routing:
                  decisions:
                    - name: r
                      rules:
                        operator: OR
                        conditions:
                          - {operator: AND, conditions: [{type: a, name: "1"}, {type: b, name: "2"}]}
                          - operator: AND
                            conditions:
                              - operator: NOT
                                conditions: [{operator: OR, conditions: [{type: c, name: "3"}, {type: d, name: "4"}]}]
                              - {operator: AND, conditions: [{type: e, name: "5"}, {type: f, name: "6"}]}
                """,
            ),
            Row(
                "a condition with fields",
                """ROUTE r { WHEN classifier("c" label: "bad" predicate: { gte: 0.8 } on_error: match) }""",
                "routing: {decisions: [{name: r, rules: {type: classifier, name: c, label: bad, predicate: {gte: 0.8}, on_error: match}}]}",
            ),
            Row(
                "PLUGIN: a template, what is over it, and a type as it is",
                """
                PLUGIN cache response_cache { enabled: true ttl_seconds: 60 }
                ROUTE r { PLUGIN cache { ttl_seconds: 5 } PLUGIN cache PLUGIN rag {} PLUGIN tools }
                """,
                """
                routing:
                  decisions:
                    - name: r
                      plugins:
                        - {type: response_cache, configuration: {enabled: true, ttl_seconds: 5}}
                        - {type: response_cache, configuration: {enabled: true, ttl_seconds: 60}}
                        - {type: rag, configuration: {}}
                        - {type: tools}
                """,
            ),
            Row(
                "FOR and EMIT",
                """
                ROUTE r {
                  FOR m IN decision.candidates { MODEL m }
                  FOR n IN ["a" (weight = 1), b] { MODEL n }
                  EMIT retention { ttl_turns: 4 }
                }
                """,
                """
                routing:
                  decisions:
                    - name: r
                      candidateIterations:
                        - {variable: m, source: decision.candidates, outputs: [{type: model, value: m}]}
                        - {variable: n, source: models, models: [{model: a, weight: 1}, {model: b}], outputs: [{type: model, value: n}]}
                      emits: [{kind: retention, retention: {ttl_turns: 4}}]
                """,
            ),
            Row(
                "DECISION_TREE: a route a branch, each but where those above it hold",
                """
                DECISION_TREE t (priority = 7) {
                  IF a("1") { NAME first MODEL m }
                  ELSE IF NOT b("2") { MODEL n }
                  ELSE { TIER 2 }
                }
                """,
                """
                routing:
                  decisions:
                    - {name: first, priority: 7, rules: {type: a, name: "1"}, modelRefs: [{model: m}]}
                    - name: t_2
                      priority: 7
                      rules:
                        operator: AND
                        conditions:
                          - {operator: NOT, conditions: [{type: a, name: "1"}]}
                          - {operator: NOT, conditions: [{type: b, name: "2"}]}
                      modelRefs: [{model: n}]
                    - name: t_else
                      priority: 7
                      rules:
                        operator: AND
                        conditions:
                          - {operator: NOT, conditions: [{type: a, name: "1"}]}
                          - {operator: NOT, conditions: [{operator: NOT, conditions: [{type: b, name: "2"}]}]}
                      tier: 2
                """,
            ),
            Row(
                "ENTRYPOINT and RECIPE, which takes templates of its own before those at the top",
                """
                PLUGIN p tools { mode: none }
                ENTRYPOINT { model_names: ["x"] recipe: "fast" }
                RECIPE fast (description = "d") {
                  PLUGIN p rag { top_k: 1 }
                  SIGNAL pii q { threshold: 0.5 }
                  ROUTE r { PLUGIN p }
                  TEST t { "query" -> r }
                }
                ROUTE r { PLUGIN p }
                """,
                """
                routing: {decisions: [{name: r, plugins: [{type: tools, configuration: {mode: none}}]}]}
                entrypoints: [{model_names: [x], recipe: fast}]
                recipes:
                  - name: fast
                    description: d
                    routing:
                      signals: {pii: [{name: q, threshold: 0.5}]}
                      decisions: [{name: r, plugins: [{type: rag, configuration: {top_k: 1}}]}]
                """,
            ),
        )

    @TestFactory
    fun `each form stands for its document`(): List<DynamicTest> =
        rows.map { row ->
            dynamicTest(row.form) {
                val parsed = parseProgram(row.program.trimIndent(), "p.dsl")
                parsed.hints.map { it.render(parsed.source) }.shouldBeEmpty()
                meaning(compile(parsed.program, parsed.source)) shouldBe meaning(document(row.document.trimIndent()))
            }
        }

    @Test
    fun `what has no keyword is kept as a field`() {
        val text = """
            routing:
              novelty: {deep: [1]}
              signals: {odd: [{name: a}]}
              decisions:
                - name: r
                  rules: {operator: OR, conditions: [{operator: AND, conditions: []}, {type: keyword, name: k}]}
                  modelRefs: [{model: m, reasoning: true}]
                  plugins: [{type: tools, extra: 1}]
                  emits: [{kind: other, also: {}}]
                  candidateIterations: [{variable: v, source: models}]
                  algorithm: static
                  priority: high
        """.trimIndent()
        val decompiled = decompile(document(text))
        decompiled.problems.shouldBeEmpty()
        val printed = writeProgram(decompiled.program)
        val again = parseProgram(printed, "p.dsl")
        withClue(printed) { differences(meaning(compile(again.program, again.source)), meaning(document(text))).shouldBeEmpty() }
    }

    @Test
    fun `what has no name cannot be a program`() {
        val text = "routing:\n  signals:\n    keywords: [{operator: OR}]\n  decisions: 7\nrecipes: [1]"
        decompile(document(text)).problems.map { "$it" } shouldBe
            listOf(
                "config.yaml:3:16: routing.signals.keywords[0].name: is required; accepted: a non-empty string",
                "config.yaml:4:14: routing.decisions: wrong type; accepted: a list",
                "config.yaml:5:11: recipes[0]: wrong type; accepted: a mapping",
            )
    }

    @Test
    fun `a program takes the place of the same parts of its base`() {
        val base =
            document("version: v0.3\nrouting: {modelCards: [{name: m}], decisions: [{name: old}]}\nrecipes: [{name: x}]\nglobal: {a: 1}")

        fun over(program: String) = parseProgram(program, "p.dsl").let { meaning(compile(it.program, it.source).over(base)) }
        over("ROUTE new { }") shouldBe
            meaning(document("version: v0.3\nrouting: {modelCards: [{name: m}], decisions: [{name: new}]}\nglobal: {a: 1}"))
        over("MODEL n { }") shouldBe meaning(document("version: v0.3\nrouting: {modelCards: [{name: n}]}\nglobal: {a: 1}"))
    }
}
