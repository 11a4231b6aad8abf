package routercluster.policy.dsl

/** Columns that a line may have before lists and conditions are broken into several. */
private const val LINE_CHARS_MAX = 140

/**
 * The program in its one layout. Comments keep their place among the statements; one in the middle of a statement moves above it.
 *
 * @param source the text that [program] was read from, by which empty lines are kept; null for one that was made
 */
fun writeProgram(program: Program, source: SourceText? = null): String = Printer(program.comments, source).print(program)

private class Printer(comments: List<Comment>, private val source: SourceText?) {
    private val page = Page(comments, source)
    private val values = ValuePrinter(page, LINE_CHARS_MAX)
    private val statements = StatementPrinter(page, values)

    fun print(program: Program): String {
        items(program.items)
        return page.finished()
    }

    private fun items(items: List<Item>) {
        items.forEachIndexed { index, item ->
            if (index > 0) page.emptyLine()
            page.before(item.span)
            item(item)
            page.after(item.span)
        }
    }

    private fun item(item: Item) {
        when (item) {
            is Item.Routing -> values.declaration("ROUTING", item.block)
            is Item.Entrypoint -> values.declaration("ENTRYPOINT", item.block)
            is Item.Signal -> values.declaration("SIGNAL ${item.type.shown()} ${item.name.shown()}", item.block)
            is Item.Projection -> values.declaration("PROJECTION ${item.kind.shown()} ${item.name.shown()}", item.block)
            is Item.Model -> values.declaration("MODEL ${item.name.shown()}", item.block)
            is Item.Plugin -> values.declaration("PLUGIN ${item.name.shown()} ${item.type.shown()}", item.block)
            is Item.Recipe -> recipe(item)
            is Item.Route -> route(item)
            is Item.Tree -> tree(item)
            is Item.Test -> test(item)
        }
    }

    private fun recipe(item: Item.Recipe) =
        page.braces("RECIPE ${item.name.shown()}${values.options(item.options)}", item.body, item.items.isEmpty()) { items(item.items) }

    private fun route(item: Item.Route) =
        statements.block("ROUTE ${item.name.shown()}${values.options(item.options)}", item.statements, item.body)

    private fun tree(item: Item.Tree) =
        page.braces("DECISION_TREE ${item.name.shown()}${values.options(item.options)}", item.body, item.branches.isEmpty()) {
            item.branches.forEachIndexed { index, branch ->
                page.before(branch.span)
                val keyword = if (index == 0) "IF" else "ELSE IF"
                val head = branch.condition?.let { values.condition("$keyword ", it) } ?: "ELSE"
                statements.block(head, branch.statements, branch.body)
                page.after(branch.span)
            }
        }

    private fun test(item: Item.Test) =
        page.braces("TEST ${item.name.shown()}", item.body, item.cases.isEmpty()) {
            item.cases.forEach {
                page.statement(it.span) { page.within(it.span) { page.line("${quote(it.query.text)} -> ${it.route.shown()}") } }
            }
        }
}

internal fun Name.shown(): String = if (quoted || !isWord(text)) quote(text) else text

/** Prints what stands in routes. */
private class StatementPrinter(private val page: Page, private val values: ValuePrinter) {
    fun block(head: String, statements: List<Statement>, body: Span) =
        page.braces(head, body, statements.isEmpty()) { statements.forEach { page.statement(it.span) { statement(it) } } }

    private fun statement(statement: Statement) {
        when (statement) {
            is Statement.Priority -> line(statement, "PRIORITY ${statement.value.written}")
            is Statement.Tier -> line(statement, "TIER ${statement.value.written}")
            is Statement.When -> line(statement, values.condition("WHEN ", statement.condition))
            is Statement.Models -> page.within(statement.span) { models(statement.models) }
            is Statement.Algorithm -> headed(statement, algorithm(statement), statement.block)
            is Statement.Plugin -> headed(statement, "PLUGIN ${statement.name.shown()}", statement.block)
            is Statement.Description -> line(statement, "DESCRIPTION ${quote(statement.text.text)}")
            is Statement.For -> iteration(statement)
            is Statement.Emit -> values.declaration("EMIT ${statement.kind.shown()}", statement.block)
            is Statement.Named -> line(statement, "NAME ${statement.name.shown()}")
            is Statement.Other -> values.field(statement.written)
        }
    }

    private fun line(statement: Statement, text: String) = page.within(statement.span) { page.line(text) }

    private fun headed(statement: Statement, head: String, block: Value.Fields?) =
        if (block == null) line(statement, head) else values.declaration(head, block)

    private fun algorithm(statement: Statement.Algorithm) = "ALGORITHM ${statement.type.shown()}${values.options(statement.options)}"

    private fun models(models: List<ModelUse>) =
        models.forEachIndexed { index, model ->
            val lead = if (index == 0) "MODEL " else " ".repeat("MODEL ".length)
            page.line(lead + use(model) + if (index < models.lastIndex) "," else "")
        }

    private fun use(model: ModelUse) = model.name.shown() + values.options(model.options)

    private fun iteration(statement: Statement.For) {
        val source =
            when (val source = statement.source) {
                is Source.Reference -> source.name.shown()
                is Source.Listed -> source.models.joinToString(", ", "[", "]", transform = ::use)
            }
        page.braces("FOR ${statement.variable.shown()} IN $source", statement.body, statement.outputs.isEmpty()) {
            statement.outputs.forEach { page.statement(it.span) { page.within(it.span) { models(it.models) } } }
        }
    }
}
