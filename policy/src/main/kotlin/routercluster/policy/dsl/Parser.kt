package routercluster.policy.dsl

/** Characters of a program that are read. */
const val PROGRAM_CHARS_MAX = 4 * 1024 * 1024

/** @property hints what could not be read; such parts are missing in [program] */
class Parsed(val source: SourceText, val program: Program, val hints: List<Hint>) {
    val isReadable: Boolean get() = hints.none { it.level == Level.ERROR }
}

/** Reads a program. Goes on after each part that cannot be read, so that one pass finds all of them; [file] is for messages. */
fun parseProgram(text: String, file: String): Parsed {
    val hints = Hints()
    if (text.length > PROGRAM_CHARS_MAX) {
        hints.error(Span.NONE, "is larger than $PROGRAM_CHARS_MAX characters")
        return Parsed(SourceText(file, ""), Program(emptyList()), hints.all)
    }
    val tokens = tokensOf(text, hints)
    val items = Parser(Cursor(tokens.list, hints), hints).program()
    return Parsed(SourceText(file, text), Program(items, tokens.comments), hints.all)
}

private class Parser(private val cursor: Cursor, private val hints: Hints) {
    private val values = ValueParser(cursor, hints)
    private val statements = StatementParser(cursor, values)
    private val parts: Map<String, (start: Int) -> Item> =
        mapOf(
            "ROUTING" to { Item.Routing(values.block("ROUTING"), since(it)) },
            "SIGNAL" to ::signal,
            "PROJECTION" to ::projection,
            "PLUGIN" to ::plugin,
            "ROUTE" to ::route,
            "DECISION_TREE" to ::tree,
            "TEST" to ::test,
            MODEL to ::model,
            "ENTRYPOINT" to { Item.Entrypoint(values.block("ENTRYPOINT"), since(it)) },
            "RECIPE" to ::recipe,
        )

    fun program(): List<Item> {
        val items = mutableListOf<Item>()
        while (!cursor.at(Kind.END)) {
            if (cursor.at(Kind.CLOSE_BRACE)) {
                hints.error(cursor.next().span, "this } closes nothing")
            } else {
                next(parts.keys)?.let { items += it }
            }
        }
        return items
    }

    /** One item, or null after passing over what is none. [known] are the keywords that may stand here. */
    private fun next(known: Set<String>): Item? {
        val began = cursor.taken
        return try {
            item(known)
        } catch (_: Unreadable) {
            cursor.recover(began) { cursor.now.startsLine && cursor.at(Kind.WORD) && cursor.now.text in parts }
            null
        }
    }

    private fun item(known: Set<String>): Item {
        val token = cursor.now
        val read = parts[token.text].takeIf { token.kind == Kind.WORD && token.text in known }
        if (token.text == MODEL && MODEL !in known) cursor.fail("MODEL cannot stand in a recipe: all recipes share the models")
        if (read == null) {
            val fixes = if (token.kind == Kind.WORD) didYouMean(token.text, token.span, known) else emptyList()
            cursor.fail("$token begins nothing that is known here", known.joinToString(", "), fixes)
        }
        cursor.next()
        return read(token.span.start)
    }

    private fun since(start: Int) = Span(start, cursor.lastEnd)

    private fun signal(start: Int): Item {
        val type = values.name("the type of a signal")
        val name = values.name("the name of the ${type.text} signal")
        return Item.Signal(type, name, values.block("SIGNAL ${name.text}"), since(start))
    }

    private fun projection(start: Int): Item {
        val kind = values.name("partition, score or mapping")
        val name = values.name("the name of the ${kind.text}")
        return Item.Projection(kind, name, values.block("PROJECTION ${name.text}"), since(start))
    }

    private fun model(start: Int): Item {
        val name = values.name("the name of a model")
        return Item.Model(name, values.block("MODEL ${name.text}"), since(start))
    }

    private fun plugin(start: Int): Item {
        val name = values.name("the name of the template")
        val type = values.name("the type of plugin that the template ${name.text} is for")
        return Item.Plugin(name, type, values.block("PLUGIN ${name.text}"), since(start))
    }

    private fun route(start: Int): Item {
        val name = values.name("the name of the route")
        val options = values.options()
        val open = cursor.now.span.start
        return Item.Route(name, options, statements.block("ROUTE ${name.text}", branch = false), since(open), since(start))
    }

    private fun tree(start: Int): Item {
        val name = values.name("the name of the decision tree")
        val options = values.options()
        val open = cursor.now.span.start
        return Item.Tree(name, options, statements.branches("DECISION_TREE ${name.text}"), since(open), since(start))
    }

    private fun test(start: Int): Item {
        val name = values.name("the name of the test")
        val owner = "TEST ${name.text}"
        val open = cursor.need(Kind.OPEN_BRACE, "{ with lines such as \"query\" -> route").span.start
        val cases = mutableListOf<Case>()
        values.inBraces(owner) {
            val query = values.text("a query in double quotes")
            cursor.need(Kind.ARROW, "-> and the route that the query is to meet")
            cases += Case(query, values.name("the name of a route"))
        }
        return Item.Test(name, cases, since(open), since(start))
    }

    private fun recipe(start: Int): Item {
        val name = values.name("the name of the recipe")
        val options = values.options()
        val open = cursor.need(Kind.OPEN_BRACE, "{ with what the recipe holds").span.start
        val items = mutableListOf<Item>()
        while (!cursor.at(Kind.CLOSE_BRACE)) {
            if (cursor.at(Kind.END) || (cursor.atItem() && cursor.now.text in outermost)) {
                val end = Span(cursor.lastEnd, cursor.lastEnd)
                val fix = Fix("close it", end, "\n}")
                hints.error(cursor.now.span, "RECIPE ${name.text} is not closed before ${cursor.now}", "}", listOf(fix))
                return Item.Recipe(name, options, items, since(open), since(start))
            }
            next(parts.keys - outermost - MODEL)?.let { items += it }
        }
        cursor.next()
        return Item.Recipe(name, options, items, since(open), since(start))
    }

    private companion object {
        const val MODEL = "MODEL"
        val outermost = setOf("RECIPE", "ENTRYPOINT")
    }
}
