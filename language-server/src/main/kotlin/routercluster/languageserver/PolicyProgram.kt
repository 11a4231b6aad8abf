package routercluster.languageserver

import routercluster.policy.config.format.keysAt
import routercluster.policy.dsl.Comment
import routercluster.policy.dsl.Hint
import routercluster.policy.dsl.Kind
import routercluster.policy.dsl.Level
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Token
import routercluster.policy.dsl.check
import routercluster.policy.dsl.parseProgram
import routercluster.policy.dsl.signalLists
import routercluster.policy.dsl.writeProgram

/** Programs of the policy language. */
class PolicyProgram : Language {
    override fun remarks(source: SourceText): List<Remark> = check(parseProgram(source.text, source.file)).map(::remark)

    private fun remark(hint: Hint): Remark {
        val severity = if (hint.level == Level.WARNING) Severity.WARNING else Severity.ERROR
        return Remark(hint.span, severity, hint.message + hint.accepted?.let { "; accepted: $it" }.orEmpty(), hint.fixes)
    }

    override fun suggestions(source: SourceText, offset: Int): List<Suggestion> {
        val program = parseProgram(source.text, source.file).program
        if (program.comments.any { offset in it }) return emptyList()
        val names = ProgramNames(program, offset)
        return ProgramSuggestions(programPlace(source, offset, names.templateTypes), names).all()
    }

    override fun explanation(source: SourceText, offset: Int): Explanation? {
        val program = parseProgram(source.text, source.file).program
        if (program.comments.any { offset in it }) return null
        val place = programPlace(source, offset, ProgramNames(program, offset).templateTypes)
        val token = place.word ?: return null
        return meaning(place, token, source)?.let { Explanation(token.span, it) }
    }

    private operator fun Comment.contains(offset: Int) = offset > span.start && offset <= span.end

    private fun meaning(place: ProgramPlace, token: Token, source: SourceText): String? {
        val first = place.said.firstOrNull()?.text
        val isKey = source.text
            .substring(token.span.end)
            .trimStart()
            .firstOrNull() == ':'
        return when {
            isKey -> keysAt(place.block?.way.orEmpty()).firstOrNull { it.entry.key == token.text }?.lines()
            token.kind != Kind.WORD -> null
            first == "ALGORITHM" && place.said.size == 1 -> caseMeaning(ALGORITHM_KEY, token.text)
            first == "PLUGIN" -> caseMeaning(PLUGINS_KEY, token.text)
            token.text in signalLists && (first == "SIGNAL" || first in conditional) -> signalMeaning(token.text)
            place.said.isEmpty() || token.text in joiningWords -> wordMeanings[token.text]?.let { "${token.text}: $it" }
            else -> null
        }
    }

    override fun formatted(source: SourceText): String? {
        val parsed = parseProgram(source.text, source.file)
        return if (parsed.isReadable) writeProgram(parsed.program, parsed.source) else null
    }

    private companion object {
        val conditional = setOf("WHEN", "IF")
        val joiningWords = setOf("AND", "OR", "NOT", "IF", "IN")
    }
}

/** What keywords begin. */
internal val wordMeanings: Map<String, String> =
    mapOf(
        "ROUTING" to "fields of routing, such as strategy.",
        "SIGNAL" to "something read from a request; its type and its name.",
        "PROJECTION" to "a partition, a score or a mapping over signals.",
        "PLUGIN" to "what is done to a request besides picking a model: at the top a template, in a route a template's name or a type.",
        "ROUTE" to "a decision: a condition, and the models and plugins for requests that meet it.",
        "DECISION_TREE" to "branches read from above; the first whose condition holds is the route.",
        "TEST" to "queries and the routes that they are to meet; router test-policy runs them.",
        "MODEL" to "at the top a model's card, in a route the models that it may pick.",
        "ENTRYPOINT" to "model names that lead to a recipe.",
        "RECIPE" to "signals and routes apart from the others.",
        "PRIORITY" to "a whole number, 0 where left out; higher wins.",
        "TIER" to "a whole number, 0 where left out; where one that matches has a tier above 0, lower wins.",
        "DESCRIPTION" to "a text for readers.",
        "WHEN" to "the condition; left out, the route matches always.",
        "ALGORITHM" to "how the route's models are ordered.",
        "FOR" to "one MODEL for each of a list.",
        "EMIT" to "what is said of the conversation.",
        "NAME" to "what a branch's route is called.",
        "IF" to "a branch, for requests that meet its condition and none above it.",
        "ELSE" to "the branch for all other requests, or before IF the next one.",
        "AND" to "holds where both do; binds closer than OR.",
        "OR" to "holds where one does.",
        "NOT" to "holds where what follows does not; binds closest.",
        "IN" to "what FOR goes through: decision.candidates, or models in brackets.",
    )
