package routercluster.languageserver

import routercluster.policy.Policy
import routercluster.policy.config.InvalidPolicy
import routercluster.policy.config.format.Described
import routercluster.policy.config.format.keysAt
import routercluster.policy.config.lint.lint
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.isWord
import routercluster.policy.dsl.quote

/** Proves a policy file's text, with what lies beside it and variables of an environment; throws [InvalidPolicy]. */
typealias ProvePolicy = (text: String, file: String, environment: (String) -> String?) -> Policy

/**
 * Policy files of format v0.3. Of YAML documents that are none nothing is said.
 *
 * @param environment looks up variables that a file refers to
 */
class PolicyFile(
    private val prove: ProvePolicy,
    private val environment: (String) -> String?,
) : Language {
    override fun remarks(source: SourceText): List<Remark> {
        if (!isPolicy(YamlOutline(source))) return emptyList()
        val places = YamlPlaces(source)
        val unset = mutableSetOf<String>()
        return try {
            val policy = prove(source.text, source.file) { name -> environment(name) ?: null.also { unset += name } }
            val warnings = lint(policy, source.file, environment).map(places::finding)
            (warnings + policy.inactive.map(places::inactive) + policy.notices.map(places::notice)).sortedBy { it.span.start }
        } catch (invalid: InvalidPolicy) {
            invalid.problems.map { places.problem(it, isOfEnvironment = unset.any { name -> "variable $name is not set" in it.message }) }
        }
    }

    override fun suggestions(source: SourceText, offset: Int): List<Suggestion> {
        val outline = YamlOutline(source)
        if (outline.roots.isNotEmpty() && !isPolicy(outline)) return emptyList()
        return when (val place = outline.placeAt(offset)) {
            is YamlPlace.AtKey -> keys(source, place)
            is YamlPlace.AtValue -> values(YamlNames(outline), place, source.line(offset) - 1)
            null -> emptyList()
        }
    }

    private fun keys(source: SourceText, place: YamlPlace.AtKey): List<Suggestion> {
        val isWritten = source.text
            .substring(place.span.end)
            .trimStart(' ')
            .startsWith(":")
        return keysAt(place.way, place.words).filter { it.entry.key !in place.taken }.map {
            val text = it.entry.key + if (isWritten) "" else opening(it, place.indent)
            Suggestion(it.entry.key, place.span, text, Suggestion.Sort.KEY, it.line())
        }
    }

    private fun opening(key: Described, indent: Int?): String =
        when {
            indent == null -> ": "
            key.isList -> ":\n${" ".repeat(indent + INDENT)}- "
            key.holdsKeys -> ":\n${" ".repeat(indent + INDENT)}"
            else -> ": "
        }

    private fun values(names: YamlNames, place: YamlPlace.AtValue, number: Int): List<Suggestion> {
        val key = keysAt(place.way, place.words).firstOrNull { it.entry.key == place.key } ?: return emptyList()
        val inList = key.isList && place.form == YamlPlace.Form.PLAIN

        fun written(word: String) = if (inList) "[$word]" else word
        val words = key.words.map { Suggestion(it, place.span, written(it), Suggestion.Sort.WORD, key.entry.meaning) }
        val named = names.namedBy(place.key, place.way, place.words, number)
        return words + named.map { Suggestion(it, place.span, written(yamlWord(it))) }
    }

    override fun explanation(source: SourceText, offset: Int): Explanation? {
        val outline = YamlOutline(source)
        if (!isPolicy(outline)) return null
        val place = outline.placeAt(offset) ?: return null
        val key =
            when (place) {
                is YamlPlace.AtKey -> source.text.substring(place.span.start, place.span.end).trim('"', '\'')
                is YamlPlace.AtValue -> place.key
            }
        return keysAt(place.way, place.words).firstOrNull { it.entry.key == key }?.let { Explanation(place.span, it.lines()) }
    }

    /** What a serializer would make of it has lost its comments and its author's layout. */
    override fun formatted(source: SourceText): String? = null

    private fun isPolicy(outline: YamlOutline): Boolean =
        outline.roots.any { it.key == "routing" || (it.key == "version" && unquoted(it.value) == "v0.3") }

    private companion object {
        const val INDENT = 2
    }
}

private val yamlOwn = setOf("true", "false", "null", "yes", "no", "on", "off", "y", "n")

/** [text] as YAML takes it for the same text. */
internal fun yamlWord(text: String): String = if (isWord(text) && text.lowercase() !in yamlOwn) text else quote(text)
