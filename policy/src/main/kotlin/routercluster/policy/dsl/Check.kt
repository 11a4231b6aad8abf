package routercluster.policy.dsl

import routercluster.policy.Policy

/**
 * What can be said of [parsed] without a router: names that stand twice or name nothing, values that cannot be, conditions that never
 * hold. In the order of the text, with what could not be read.
 */
fun check(parsed: Parsed): List<Hint> {
    val hints = Hints()
    parsed.hints.forEach { hints.add(it.level, it.span, it.message, it.accepted, it.fixes) }
    Check(parsed.program, hints).run()
    return hints.all
}

private class Check(private val program: Program, private val hints: Hints) {
    private val cards = program.items.filterIsInstance<Item.Model>()
    private val recipes = program.items.filterIsInstance<Item.Recipe>()
    private val shared = Shared(cards.associateBy { it.name.text }, program.items.filterIsInstance<Item.Plugin>())

    fun run() {
        hints.duplicates("model", cards.map { it.name })
        hints.duplicates("recipe", recipes.map { it.name })
        scope(program.items)
        recipes.forEach { recipe ->
            fields(recipe.options)
            scope(recipe.items)
        }
        program.items.filterIsInstance<Item.Entrypoint>().forEach(::entrypoint)
    }

    private fun entrypoint(item: Item.Entrypoint) {
        fields(item.block.fields)
        val names = recipes.map { it.name.text } + Policy.DEFAULT_RECIPE
        val recipe = item.block["recipe"] as? Value.Text
        if (recipe != null && recipe.text !in names) hints.unknown("recipe", recipe, names)
    }

    private fun scope(items: List<Item>) {
        val scope = Scope(items, shared)
        val references = ReferenceCheck(scope, hints)
        hints.duplicates("template", items.filterIsInstance<Item.Plugin>().map { it.name })
        hints.duplicates("route", scope.routes)
        hints.duplicates("test", items.filterIsInstance<Item.Test>().map { it.name })
        items.filterIsInstance<Item.Signal>().groupBy { it.type.text }.forEach { (type, signals) ->
            hints.duplicates("$type signal", signals.map { it.name })
        }
        items.filterIsInstance<Item.Projection>().groupBy { it.kind.text }.forEach { (kind, found) ->
            hints.duplicates(kind, found.map { it.name })
        }
        items.forEach { item ->
            declared(item)
            references.item(item)
        }
    }

    private fun declared(item: Item) {
        when (item) {
            is Item.Routing -> fields(item.block.fields)
            is Item.Signal -> fields(item.block.fields)
            is Item.Projection -> fields(item.block.fields)
            is Item.Model -> fields(item.block.fields)
            is Item.Plugin -> fields(item.block.fields)
            is Item.Route -> statements(item.options, item.statements)
            is Item.Tree -> tree(item)
            is Item.Test, is Item.Entrypoint, is Item.Recipe -> Unit
        }
    }

    private fun tree(tree: Item.Tree) {
        fields(tree.options)
        tree.branches.forEach { statements(emptyList(), it.statements) }
        if (tree.branches.none { it.condition == null }) {
            val end = Span(tree.span.end - 1, tree.span.end)
            val fix = Fix("add an ELSE", Span(end.start, end.start), "ELSE { }\n")
            hints.add(Level.CONSTRAINT, end, "DECISION_TREE ${tree.name.text} has no ELSE", "ELSE { … } as its last branch", listOf(fix))
        }
    }

    private fun statements(options: List<Field>, statements: List<Statement>) {
        fields(options + statements.mapNotNull { (it as? Statement.Other)?.written })
        val once = statements.mapNotNull { statement -> keyword(statement)?.let { it to statement.span } }
        once.groupBy({ it.first }, { it.second }).forEach { (keyword, spans) ->
            spans.drop(1).forEach { hints.add(Level.CONSTRAINT, it, "$keyword stands twice", "one of them") }
        }
        statements.forEach { statement ->
            when (statement) {
                is Statement.Priority -> whole("PRIORITY", statement.value, -PRIORITY_MAX..PRIORITY_MAX)
                is Statement.Tier -> whole("TIER", statement.value, 0..PRIORITY_MAX)
                is Statement.Plugin -> fields(statement.block?.fields.orEmpty())
                is Statement.Algorithm -> fields(statement.options).also { fields(statement.block?.fields.orEmpty()) }
                is Statement.Emit -> fields(statement.block.fields)
                is Statement.Models -> statement.models.forEach { fields(it.options) }
                is Statement.When, is Statement.Description, is Statement.For, is Statement.Named, is Statement.Other -> Unit
            }
        }
    }

    /** Of a statement that may stand once. */
    private fun keyword(statement: Statement): String? =
        when (statement) {
            is Statement.Priority -> "PRIORITY"
            is Statement.Tier -> "TIER"
            is Statement.When -> "WHEN"
            is Statement.Algorithm -> "ALGORITHM"
            is Statement.Description -> "DESCRIPTION"
            is Statement.Named -> "NAME"
            is Statement.Models, is Statement.Plugin, is Statement.For, is Statement.Emit, is Statement.Other -> null
        }

    private fun whole(keyword: String, value: Value.Number, range: IntRange) {
        if (value.written.toIntOrNull() in range) return
        val accepted = "a whole number from ${range.first} to ${range.last}"
        hints.add(Level.CONSTRAINT, value.span, "$keyword cannot be ${value.written}", accepted)
    }

    private fun fields(fields: List<Field>) {
        hints.duplicates("field", fields.map { it.key })
        fields.forEach { inner(it.value) }
    }

    private fun inner(value: Value) {
        when (value) {
            is Value.Fields -> fields(value.fields)
            is Value.Items -> value.items.forEach(::inner)
            is Value.Text, is Value.Number, is Value.Truth, is Value.Nothing -> Unit
        }
    }

    private companion object {
        const val PRIORITY_MAX = 1_000_000_000
    }
}

internal operator fun Value.Fields.get(key: String): Value? = fields.lastOrNull { it.key.text == key }?.value

/** What recipes have in common. */
internal class Shared(val cards: Map<String, Item.Model>, val templates: List<Item.Plugin>)

private fun Hints.duplicates(what: String, names: List<Name>) {
    val seen = mutableSetOf<String>()
    names.filterNot { seen.add(it.text) }.forEach {
        add(Level.CONSTRAINT, it.span, "the $what ${it.text} stands twice", "another name")
    }
}

/** Names shown in a message. */
private const val NAMES_SHOWN_MAX = 12

private fun shown(known: Collection<String>): String? {
    val names = known.distinct().sorted()
    val more = if (names.size > NAMES_SHOWN_MAX) ", …" else ""
    return if (names.isEmpty()) null else names.take(NAMES_SHOWN_MAX).joinToString(", ") + more
}

internal fun Hints.unknown(what: String, name: Name, known: Collection<String>) =
    add(Level.WARNING, name.span, "no $what is named ${name.text}", shown(known), didYouMean(name, known))

internal fun Hints.unknown(what: String, text: Value.Text, known: Collection<String>) =
    unknown(what, Name(text.text, text.span, text.quoted), known)
