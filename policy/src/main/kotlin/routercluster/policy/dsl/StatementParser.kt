package routercluster.policy.dsl

/** Reads what stands in routes and in the branches of decision trees. */
internal class StatementParser(private val cursor: Cursor, private val values: ValueParser) {
    private val statements: Map<String, (start: Int) -> Statement> =
        mapOf(
            "PRIORITY" to { Statement.Priority(values.number("a whole number"), since(it)) },
            "TIER" to { Statement.Tier(values.number("a whole number"), since(it)) },
            "WHEN" to { Statement.When(values.condition(), since(it)) },
            "MODEL" to { Statement.Models(models(), since(it)) },
            "ALGORITHM" to ::algorithm,
            "PLUGIN" to { Statement.Plugin(values.name("the name of a plugin"), blockIfAny("PLUGIN"), since(it)) },
            "DESCRIPTION" to { Statement.Description(values.text("a description in double quotes"), since(it)) },
            "FOR" to ::iteration,
            "EMIT" to ::emit,
            NAME to { Statement.Named(values.name("the route's name"), since(it)) },
        )

    /** The statements in braces of [owner], which are a branch's where [branch]. */
    fun block(owner: String, branch: Boolean): List<Statement> {
        val found = mutableListOf<Statement>()
        cursor.need(Kind.OPEN_BRACE, "{ with the statements of $owner")
        values.inBraces(owner) { found += statement(branch) }
        return found
    }

    private fun statement(branch: Boolean): Statement {
        val token = cursor.now
        if (cursor.following().kind == Kind.COLON) return Statement.Other(values.field())
        val read = statements[token.text].takeIf { token.kind == Kind.WORD }
        when {
            read == null -> unknown(token, branch)
            branch && token.text == "WHEN" -> cursor.fail("a branch has no WHEN: its condition stands behind IF")
            !branch && token.text == NAME -> cursor.fail("a route has no NAME: its name stands behind ROUTE")
        }
        cursor.next()
        return read(token.span.start)
    }

    private fun unknown(token: Token, branch: Boolean): Nothing {
        val names = statements.keys - if (branch) "WHEN" else NAME
        val accepted = names.joinToString(", ") + ", or a field such as annotations: { … }"
        val fixes = if (token.kind == Kind.WORD) didYouMean(token.text, token.span, names) else emptyList()
        cursor.fail("$token begins no statement", accepted, fixes)
    }

    private fun since(start: Int) = Span(start, cursor.lastEnd)

    private fun blockIfAny(owner: String): Value.Fields? = if (cursor.at(Kind.OPEN_BRACE)) values.block(owner) else null

    private fun models(): List<ModelUse> {
        val models = mutableListOf(model())
        while (cursor.take(Kind.COMMA) != null) models += model()
        return models
    }

    private fun model(): ModelUse {
        val name = values.name("the name of a model")
        val options = values.options()
        return ModelUse(name, options, Span(name.span.start, cursor.lastEnd))
    }

    private fun algorithm(start: Int): Statement {
        val type = values.name("the name of an algorithm")
        return Statement.Algorithm(type, values.options(), blockIfAny("ALGORITHM ${type.text}"), since(start))
    }

    private fun emit(start: Int): Statement {
        val kind = values.name("what to emit, such as retention")
        return Statement.Emit(kind, values.block("EMIT ${kind.text}"), since(start))
    }

    private fun iteration(start: Int): Statement {
        val variable = values.name("a variable")
        if (cursor.takeWord("IN") == null) cursor.missing("IN after FOR ${variable.text}")
        val source = source()
        val open = cursor.need(Kind.OPEN_BRACE, "{ with MODEL ${variable.text}").span.start
        val outputs = mutableListOf<Statement.Models>()
        values.inBraces("FOR ${variable.text}") {
            val began = cursor.now.span.start
            if (cursor.takeWord("MODEL") == null) cursor.missing("MODEL ${variable.text}")
            outputs += Statement.Models(models(), since(began))
        }
        return Statement.For(variable, source, outputs, since(open), since(start))
    }

    private fun source(): Source {
        val open = cursor.take(Kind.OPEN_BRACKET) ?: return Source.Reference(values.name("decision.candidates, or a list of models in [ ]"))
        val models = mutableListOf<ModelUse>()
        while (!cursor.at(Kind.CLOSE_BRACKET)) {
            if (models.isNotEmpty()) cursor.need(Kind.COMMA, ", or ] in the list of models")
            if (!cursor.at(Kind.CLOSE_BRACKET)) models += model()
        }
        cursor.next()
        return Source.Listed(models, since(open.span.start))
    }

    /** IF, ELSE IF and ELSE with their blocks, up to the closing brace of [owner]. */
    fun branches(owner: String): List<Branch> {
        val found = mutableListOf<Branch>()
        cursor.need(Kind.OPEN_BRACE, "{ with the branches of $owner")
        values.inBraces(owner) { found += branch(found.isEmpty(), found.lastOrNull()?.condition == null) }
        return found
    }

    private fun branch(first: Boolean, elseWas: Boolean): Branch {
        val token = cursor.now
        val isElse = !first && cursor.takeWord("ELSE") != null
        val isIf = cursor.takeWord("IF") != null
        when {
            first && !isIf -> cursor.missing("IF, which begins a decision tree")
            !first && !isElse -> cursor.missing("ELSE IF, ELSE or }")
            !first && elseWas -> cursor.fail("ELSE stands already above; it is the last branch", span = token.span)
        }
        val condition = if (isIf) values.condition() else null
        val open = cursor.now.span.start
        val statements = block(if (isIf) "IF" else "ELSE", branch = true)
        return Branch(condition, statements, since(open), since(token.span.start))
    }

    private companion object {
        const val NAME = "NAME"
    }
}
