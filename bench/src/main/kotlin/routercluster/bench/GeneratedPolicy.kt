package routercluster.bench

import kotlin.random.Random

/** Policies of a wanted size, always the same for the same size. */
internal object GeneratedPolicy {
    private const val RECIPES = 5
    private const val SIGNALS_PER_RECIPE = 12
    private const val DECISIONS_PER_RECIPE = 10
    private const val PHRASES_PER_RULE = 20

    private const val HEAD = """
version: v0.3
providers:
  models: [{name: mock, backend_refs: [{name: mock, endpoint: "127.0.0.1:1", protocol: http}]}]
"""

    /** One recipe of [rules] keyword rules of one [method] with five keywords each, and a decision for each. */
    fun ofKeywordRules(rules: Int, method: String): String =
        buildString {
            val prose = Prose(Random(rules))
            append(HEAD).append("routing:\n  signals:\n    keywords:\n")
            val written = if (method == "literal") "" else "method: $method, "
            repeat(rules) { rule ->
                val keywords = List(5) { if (it == 0) "k$rule ${prose.word()}" else "${prose.word()} ${prose.rareWord()}" }
                append("      - {name: r$rule, operator: OR, ${written}keywords: [${keywords.joinToString { "'$it'" }}]}\n")
            }
            append("  decisions:\n")
            repeat(rules) { rule ->
                val condition = "{operator: AND, conditions: [{type: keyword, name: r$rule}]}"
                append("    - {name: d$rule, priority: $rule, rules: $condition, modelRefs: [{model: mock}]}\n")
            }
        }

    /** Five recipes with 60 signals and 50 decisions: about the size of the largest that is known. */
    fun large(): String =
        buildString {
            val prose = Prose(Random(5))
            append(HEAD).append("routing: {decisions: [{name: any, priority: 1, modelRefs: [{model: mock}]}]}\nrecipes:\n")
            repeat(RECIPES) { append("  - name: recipe-$it\n    routing:\n").append(routing(prose).prependIndent("      ")).append('\n') }
            append("entrypoints:\n")
            repeat(RECIPES) { append("  - {model_names: [model-$it], recipe: recipe-$it}\n") }
        }

    private fun routing(prose: Prose): String {
        val regexes = List(5) { rule(prose, it, "method: regex, ") }
        val literals = List(2) { rule(prose, 5 + it, "") }
        val conditions =
            List(7) { "keyword:k$it" } +
                listOf("context:long", "structure:questions", "structure:steps", "structure:asks", "conversation:turns")
        check(conditions.size == SIGNALS_PER_RECIPE)
        return buildString {
            append("signals:\n  keywords:\n")
            (regexes + literals).forEach { append("    - $it\n") }
            append("  context: [{name: long, min_tokens: 32K}]\n")
            append("  structure:\n")
            append("    - {name: questions, feature: {type: count, source: {type: regex, pattern: '[?？]'}}, predicate: {gte: 4}}\n")
            append(
                "    - {name: steps, feature: {type: sequence, source: {type: sequence, sequences: [[first, then], [zuerst, dann], [首先, 然后]]}}}\n",
            )
            append("    - {name: asks, feature: {type: exists, source: {type: regex, pattern: '$ASKS'}}}\n")
            append("  conversation: [{name: turns, feature: {type: count, source: {type: message, role: user}}, predicate: {gte: 2}}]\n")
            append("decisions:\n")
            repeat(DECISIONS_PER_RECIPE) { decision ->
                val three = List(3) { conditions[(decision + it * 4) % conditions.size] }.map { it.split(':') }
                val rule = three.joinToString { (type, name) -> "{type: $type, name: $name}" }
                append("  - {name: d$decision, priority: ${DECISIONS_PER_RECIPE - decision}, ")
                append("rules: {operator: AND, conditions: [$rule]}, modelRefs: [{model: mock}]}\n")
            }
        }
    }

    private fun rule(prose: Prose, number: Int, method: String): String {
        val phrases = List(PHRASES_PER_RULE) { "${prose.word()} ${prose.rareWord()}" } + if (number == 0) PATTERNS else emptyList()
        return "{name: k$number, operator: OR, ${method}keywords: [${phrases.joinToString { "'$it'" }}]}"
    }

    private val PATTERNS = listOf("""\b\d{3}-\d{2}-\d{4}\b""", """\b[A-Z0-9._%+-]+@[A-Z0-9.-]+\.[A-Z]{2,}\b""")
    private const val ASKS = """(?i)(\b(define|translate|explain)\b.{0,48}\b(phrase|term|expression)\b|(定义|翻译|解释).{0,16}(短语|词语))"""
}

/** Made-up English: words of the usual lengths, the usual signs between them, never a keyword of [rareWord]. */
internal class Prose(private val random: Random) {
    fun word(): String = WORDS[minOf(random.nextInt(WORDS.size), random.nextInt(WORDS.size))]

    /** Of letters, and in no text of [text]. */
    fun rareWord(): String = "q" + String(CharArray(random.nextInt(4, 10)) { 'a' + random.nextInt(26) })

    fun text(length: Int): String =
        buildString(length + 40) {
            while (this.length < length) {
                append(word())
                append(SIGNS[random.nextInt(SIGNS.size)])
            }
        }.take(length)

    private companion object {
        val SIGNS = List(12) { " " } + listOf(", ", ". ", "-", "? ", ".\n", " (a@b) ", " 12-345 ", " I explain ")
        val WORDS =
            Random(3).let { random ->
                List(
                    600,
                ) {
                    String(
                        CharArray(1 + random.nextInt(1, 10)) { "etaoinshrdlucmfwypvbgk"[minOf(random.nextInt(22), random.nextInt(22))] },
                    )
                }
            }
    }
}
