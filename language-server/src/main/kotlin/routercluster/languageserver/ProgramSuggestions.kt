package routercluster.languageserver

import routercluster.policy.config.format.Described
import routercluster.policy.config.format.keysAt
import routercluster.policy.dsl.Kind
import routercluster.policy.dsl.Token
import routercluster.policy.dsl.isWord
import routercluster.policy.dsl.projectionLists
import routercluster.policy.dsl.quote
import routercluster.policy.dsl.signalLists

/** What can be written at a [place] of a program that has [names]. */
internal class ProgramSuggestions(private val place: ProgramPlace, private val names: ProgramNames) {
    private val said = place.said
    private val last: Token? = said.lastOrNull()

    fun all(): List<Suggestion> =
        when (place.holds) {
            Holds.ITEMS -> items()
            Holds.BRANCHES -> if (said.isEmpty()) words("IF", "ELSE IF", "ELSE") else condition(said)
            Holds.STATEMENTS -> statements()
            Holds.CASES -> if (last?.kind == Kind.ARROW) names.routes.map(::name) else emptyList()
            Holds.MODELS -> models()
            Holds.FIELDS -> fields()
        }

    private fun words(vararg words: String) = words.map { word ->
        Suggestion(word, place.span, sort = Suggestion.Sort.KEYWORD, detail = wordMeanings[word].orEmpty())
    }

    private fun name(text: String) = Suggestion(text, place.span, if (isWord(text)) text else quote(text))

    private fun quoted(text: String) = Suggestion(text, place.span, quote(text))

    private fun types(types: Collection<String>, meaning: (String) -> String?) =
        types.map { Suggestion(it, place.span, sort = Suggestion.Sort.WORD, detail = firstLine(meaning(it))) }

    private fun firstLine(meaning: String?) = meaning?.substringBefore('\n')?.substringAfter(": ").orEmpty()

    private fun items(): List<Suggestion> {
        val known = if (place.isInRecipe) itemWords - setOf("MODEL", "ENTRYPOINT", "RECIPE") else itemWords
        return when {
            said.isEmpty() -> words(*known.toTypedArray())
            said.first().text == "SIGNAL" && said.size == 1 -> types(signalLists.keys, ::signalMeaning)
            said.first().text == "PROJECTION" && said.size == 1 -> types(projectionLists.keys) { null }
            said.first().text == "PLUGIN" && said.size == 2 -> plugins()
            else -> emptyList()
        }
    }

    private fun plugins() = types(caseTypes(PLUGINS_KEY)) { caseMeaning(PLUGINS_KEY, it) }

    private fun statements(): List<Suggestion> {
        val first = said.firstOrNull()?.text
        return when {
            first == null -> joined() + words(*beginnings().toTypedArray())
            first == "WHEN" -> condition(said)
            first == "MODEL" -> models()
            first == "PLUGIN" && said.size == 1 -> names.templateTypes.keys.map(::name) + plugins()
            first == "ALGORITHM" && said.size == 1 -> types(caseTypes(ALGORITHM_KEY)) { caseMeaning(ALGORITHM_KEY, it) }
            first == "EMIT" && said.size == 1 -> types(listOf("retention")) { null }
            first == "FOR" && last?.text == "IN" -> words("decision.candidates")
            said.getOrNull(1)?.kind == Kind.COLON -> fields()
            else -> emptyList()
        }
    }

    /** A condition may go on in the next line. */
    private fun joined() = if (place.above.firstOrNull()?.text == "WHEN") words("AND", "OR") else emptyList()

    private fun beginnings() = statementWords - if (place.block?.word == "ROUTE") "NAME" else "WHEN"

    private fun models(): List<Suggestion> {
        val isOption = place.depth > 0 && last?.kind in setOf(Kind.OPEN_PAREN, Kind.COMMA)
        val isModel = place.depth == 0 && (last?.text == "MODEL" || last?.kind == Kind.COMMA)
        return when {
            isOption -> modelOptions.map { (key, meaning) -> Suggestion(key, place.span, "$key = ", Suggestion.Sort.KEY, meaning) }

            isModel && place.holds == Holds.MODELS -> listOfNotNull(
                place.block
                    ?.head
                    ?.getOrNull(1)
                    ?.let { name(it.text) },
            )

            isModel -> names.models.map(::name)

            said.isEmpty() -> words("MODEL")

            else -> emptyList()
        }
    }

    private fun condition(said: List<Token>): List<Suggestion> {
        val before = said.getOrNull(said.size - 2)
        val isSignal = last?.kind == Kind.OPEN_PAREN && before?.kind == Kind.WORD && before.text !in openers
        return when {
            isSignal -> namesOf(before.text).map(::quoted)
            last?.kind == Kind.OPEN_PAREN || last?.text in openers -> conditions()
            last?.kind == Kind.CLOSE_PAREN -> words("AND", "OR")
            else -> emptyList()
        }
    }

    private fun namesOf(type: String) = if (type == PROJECTION) names.outputs else names.signals[type].orEmpty()

    private fun conditions(): List<Suggestion> {
        val known = names.signals.flatMap { (type, names) -> names.map { "$type(${quote(it)})" } }
        val outputs = names.outputs.map { "$PROJECTION(${quote(it)})" }
        return (known + outputs).map { Suggestion(it, place.span) } + words("NOT")
    }

    private fun fields(): List<Suggestion> {
        val way = place.block?.way ?: return emptyList()
        val keys = keysAt(way)
        val key = said.firstOrNull()
        if (key == null || said.getOrNull(1)?.kind != Kind.COLON) return if (said.size <= 1) keys.map(::key) else emptyList()
        val isValue = last?.kind == Kind.COLON || (place.depth > 0 && last?.kind in setOf(Kind.OPEN_BRACKET, Kind.COMMA))
        if (!isValue) return if (last?.kind == Kind.COMMA) keys.map(::key) else emptyList()
        val entry = keys.firstOrNull { it.entry.key == key.text }
        val words = entry?.words.orEmpty().map { Suggestion(it, place.span, if (isWord(it)) it else quote(it), Suggestion.Sort.WORD) }
        return words + named(way.last().key, key.text).map(::quoted)
    }

    private fun key(key: Described): Suggestion {
        val opening =
            when {
                key.isList && key.holdsKeys -> ": [{ "
                key.isList -> ": ["
                key.holdsKeys -> ": { "
                else -> ": "
            }
        return Suggestion(key.entry.key, place.span, key.entry.key + opening, Suggestion.Sort.KEY, key.line())
    }

    private fun named(parent: String, key: String): List<String> =
        when {
            parent == "partitions" && key in setOf("members", "default") -> listOf("domain", "embedding").flatMap(::namesOf)
            parent == "mappings" && key == "source" -> names.scores
            parent == "entrypoints" && key == "recipe" -> names.recipeNames
            else -> emptyList()
        }

    private companion object {
        const val PROJECTION = "projection"
        val openers = setOf("WHEN", "IF", "AND", "OR", "NOT")
        val modelOptions =
            mapOf(
                "reasoning" to "Whether the model is to reason.",
                "effort" to "How hard, where it reasons.",
                "lora" to "An adapter of the model's card.",
                "weight" to "Weight in algorithms that draw.",
            )
    }
}
