package routercluster.languageserver

import routercluster.policy.config.format.Step
import routercluster.policy.dsl.Kind
import routercluster.policy.dsl.SourceText
import routercluster.policy.dsl.Span
import routercluster.policy.dsl.Token
import routercluster.policy.dsl.projectionLists
import routercluster.policy.dsl.signalLists
import routercluster.policy.dsl.tokensOf

/** What a pair of braces holds. */
internal enum class Holds { ITEMS, STATEMENTS, BRANCHES, CASES, FIELDS, MODELS }

/** @property head the tokens before the opening brace, from the one that began the statement */
internal class Block(val head: List<Token>, outer: Block?, pluginTypes: Map<String, String>) {
    val word: String = head.firstOrNull()?.text.orEmpty()

    val holds: Holds =
        when {
            head.getOrNull(1)?.kind == Kind.COLON -> Holds.FIELDS
            word == "RECIPE" -> Holds.ITEMS
            word == "ROUTE" || word == "IF" || word == "ELSE" -> Holds.STATEMENTS
            word == "DECISION_TREE" -> Holds.BRANCHES
            word == "TEST" -> Holds.CASES
            word == "FOR" -> Holds.MODELS
            else -> Holds.FIELDS
        }

    /** The way to what its fields become in a document. */
    val way: List<Step>? = wayOf(outer, pluginTypes)

    private fun name(index: Int) = head.getOrNull(index)?.text.orEmpty()

    private fun wayOf(outer: Block?, pluginTypes: Map<String, String>): List<Step>? =
        when {
            head.getOrNull(1)?.kind == Kind.COLON -> (
                if (outer ==
                    null
                ) {
                    toDecision
                } else {
                    outer.way
                }
            )?.takeIf { it.size < STEPS_MAX }?.plus(Step(word))

            holds == Holds.STATEMENTS -> toDecision

            word == "ROUTING" -> listOf(Step("routing"))

            word == "ENTRYPOINT" -> listOf(Step("entrypoints"))

            word == "MODEL" -> listOf(Step("routing"), Step("modelCards"))

            word == "SIGNAL" -> toSignals + Step(signalLists[name(1)] ?: name(1))

            word == "PROJECTION" -> listOf(Step("routing"), Step("projections"), Step(projectionLists[name(1)] ?: name(1)))

            word == "PLUGIN" -> plugin(if (outer?.holds == Holds.STATEMENTS) pluginTypes[name(1)] ?: name(1) else name(2))

            word == "ALGORITHM" -> toDecision + listOf(Step(ALGORITHM_KEY, mapOf(TYPE to name(1))), Step(name(1)))

            word == "EMIT" -> toDecision + listOf(Step("emits"), Step(name(1)))

            else -> null
        }

    private fun plugin(type: String) = toDecision + listOf(Step(PLUGINS_KEY, mapOf(TYPE to type)), Step("configuration"))
}

/**
 * Where a cursor stands in a program.
 *
 * @property block the innermost that is open; null at the top
 * @property isInRecipe whether it is a recipe's, of which not all items can be
 * @property said the tokens of the statement before the cursor; empty where one can begin
 * @property above the statement that can end here, where one can begin
 * @property word the token under the cursor; null between tokens
 * @property span what is written over
 */
internal class ProgramPlace(
    val block: Block?,
    val isInRecipe: Boolean,
    val said: List<Token>,
    val above: List<Token>,
    val word: Token?,
    val span: Span,
) {
    val holds: Holds get() = block?.holds ?: Holds.ITEMS
    val depth: Int get() = depthOf(said)
}

private fun depthOf(tokens: List<Token>) = tokens.count { it.kind in opening } - tokens.count { it.kind in closing }

private val opening = setOf(Kind.OPEN_PAREN, Kind.OPEN_BRACKET)
private val closing = setOf(Kind.CLOSE_PAREN, Kind.CLOSE_BRACKET)
private val touching = setOf(Kind.WORD, Kind.STRING, Kind.NUMBER)

/** Words that begin an item. */
internal val itemWords: List<String> =
    listOf("ROUTING", "SIGNAL", "PROJECTION", "PLUGIN", "ROUTE", "DECISION_TREE", "TEST", "MODEL", "ENTRYPOINT", "RECIPE")

/** Words that begin a statement of a route. */
internal val statementWords: List<String> =
    listOf("PRIORITY", "TIER", "DESCRIPTION", "WHEN", "MODEL", "ALGORITHM", "PLUGIN", "FOR", "EMIT", "NAME")

/** Those that begin nothing else. */
private val itemOnlyWords = itemWords - statementWords.toSet()
private val afterItemWord = setOf(Kind.WORD, Kind.STRING, Kind.OPEN_BRACE)
private val branchWords = setOf("IF", "ELSE")
private val beginnings = (itemWords + statementWords + branchWords).toSet()

/** What is not finished without another word. */
private val unfinished = setOf(Kind.COMMA, Kind.COLON, Kind.EQUALS, Kind.ARROW)
private val joining = setOf("AND", "OR", "NOT", "IN")

/** @param pluginTypes types of the program's templates by their names */
internal fun programPlace(source: SourceText, offset: Int, pluginTypes: Map<String, String>): ProgramPlace {
    val tokens = tokensOf(source.text)
    val word = tokens.firstOrNull { it.kind in touching && it.span.start <= offset && offset <= it.span.end }
    val until = word?.span?.start ?: offset
    val reading = Reading(pluginTypes)
    tokens.forEachIndexed { index, token ->
        if (token.span.end <= until && token.kind != Kind.END) reading.take(token, tokens.getOrNull(index + 1))
    }
    val said = reading.statement
    val isNew = if (word != null) {
        word.startsLine
    } else {
        source.text
            .substring(0, offset)
            .substringAfterLast('\n')
            .isBlank()
    }
    val begins = said.isEmpty() || (depthOf(said) <= 0 && isNew && isComplete(said))
    val span = word?.let { Span(it.span.start, endOf(it, source.text, offset)) } ?: Span(offset, offset)
    val isInRecipe = reading.blocks.any { it.holds == Holds.ITEMS }
    val (open, above) = if (begins) emptyList<Token>() to said else said to emptyList()
    return ProgramPlace(reading.blocks.lastOrNull(), isInRecipe, open, above, word, span)
}

private fun isComplete(said: List<Token>): Boolean {
    val last = said.last()
    return last.kind !in unfinished && !(last.kind == Kind.WORD && (last.text in joining || (said.size == 1 && last.text in beginnings)))
}

/** A text that is not closed reaches to the end of its line, which the cursor's part of it does not. */
private fun endOf(token: Token, text: String, offset: Int): Int {
    val isClosed = token.span.end - token.span.start > 1 && text[token.span.end - 1] == '"'
    return if (token.kind == Kind.STRING && text[token.span.start] == '"' && !isClosed) offset else token.span.end
}

/** Reads tokens up to the cursor. */
private class Reading(private val pluginTypes: Map<String, String>) {
    private class Statement {
        val tokens = mutableListOf<Token>()
        var depth = 0
            private set

        fun add(token: Token) {
            tokens += token
            if (token.kind in opening) depth++
            if (token.kind in closing) depth--
        }
    }

    val blocks = mutableListOf<Block>()
    private val interrupted = mutableListOf<Statement>()
    private var current = Statement()

    val statement: List<Token> get() = current.tokens

    fun take(token: Token, next: Token?) {
        if (beginsItem(token, next)) closeAll()
        when {
            token.kind == Kind.OPEN_BRACE -> {
                blocks += Block(current.tokens, blocks.lastOrNull(), pluginTypes)
                interrupted += current
                current = Statement()
            }

            token.kind == Kind.CLOSE_BRACE -> {
                blocks.removeLastOrNull()
                // A list of mappings goes on behind each of them.
                current = interrupted.removeLastOrNull()?.takeIf { it.depth > 0 } ?: Statement()
            }

            else -> {
                if (current.depth <= 0 && begins(token, next)) current = Statement()
                current.add(token)
            }
        }
    }

    /** As for the parser, whatever was left open ends where a line begins an item. */
    private fun beginsItem(token: Token, next: Token?) =
        token.kind == Kind.WORD && token.startsLine && token.text in itemOnlyWords && next?.kind in afterItemWord

    private fun closeAll() {
        while (blocks.isNotEmpty() && blocks.last().holds != Holds.ITEMS) {
            blocks.removeAt(blocks.lastIndex)
            interrupted.removeAt(interrupted.lastIndex)
            current = Statement()
        }
    }

    private fun begins(token: Token, next: Token?): Boolean =
        when (blocks.lastOrNull()?.holds ?: Holds.ITEMS) {
            Holds.FIELDS -> next?.kind == Kind.COLON
            Holds.CASES -> token.kind == Kind.STRING && token.startsLine
            Holds.ITEMS -> token.kind == Kind.WORD && token.startsLine && token.text in itemWords
            Holds.BRANCHES -> token.kind == Kind.WORD && token.text in branchWords
            Holds.STATEMENTS, Holds.MODELS -> next?.kind == Kind.COLON || (token.kind == Kind.WORD && token.text in statementWords)
        }
}
