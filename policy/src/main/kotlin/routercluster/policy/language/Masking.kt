package routercluster.policy.language

import routercluster.policy.config.format.Field
import routercluster.policy.config.format.Fields
import routercluster.policy.config.format.Kind
import routercluster.policy.config.format.pluginFormat
import routercluster.policy.dsl.Item
import routercluster.policy.dsl.Parsed
import routercluster.policy.dsl.Span
import routercluster.policy.dsl.Statement
import routercluster.policy.dsl.Value

/** What stands in a program for a value that a model must not see, quotes included. */
internal const val MASK = "\"***\""

/** The text of [base] without the values of its plugins that are secret, or may be: a header can hold a key. */
internal fun masked(base: Parsed): String =
    secretsIn(base.program.items).sortedByDescending { it.start }.fold(base.source.text) { text, span ->
        text.replaceRange(span.start, span.end, MASK)
    }

private fun secretsIn(items: List<Item>): List<Span> =
    items.flatMap { item ->
        when (item) {
            is Item.Plugin -> secretsIn(item.block)
            is Item.Route -> secretsOf(item.statements)
            is Item.Tree -> item.branches.flatMap { secretsOf(it.statements) }
            is Item.Recipe -> secretsIn(item.items)
            is Item.Routing, is Item.Entrypoint, is Item.Signal, is Item.Projection, is Item.Model, is Item.Test -> emptyList()
        }
    }

private fun secretsOf(statements: List<Statement>): List<Span> =
    statements.flatMap { statement ->
        when (statement) {
            is Statement.Plugin -> statement.block?.let(::secretsIn).orEmpty()
            is Statement.Other -> secretsIn(statement.written.value)
            is Statement.Priority, is Statement.Tier, is Statement.When, is Statement.Models, is Statement.Algorithm -> emptyList()
            is Statement.Description, is Statement.For, is Statement.Emit, is Statement.Named -> emptyList()
        }
    }

private fun secretsIn(value: Value): List<Span> =
    when (value) {
        is Value.Fields -> value.fields.flatMap { if (it.key.text in secretKeys) listOf(it.value.span) else secretsIn(it.value) }
        is Value.Items -> value.items.flatMap(::secretsIn)
        is Value.Text, is Value.Number, is Value.Truth, is Value.Nothing -> emptyList()
    }

/** Keys that hold secrets in the plugins of the format, the value of a header among them. */
private val secretKeys: Set<String> by lazy { secretKeys(pluginFormat) + "value" }

private fun secretKeys(fields: Fields): Set<String> =
    fields.all.flatMapTo(mutableSetOf(), ::secretKeys) + fields.cases
        ?.byValue
        .orEmpty()
        .values
        .flatMap { secretKeys(it.fields) }

private fun secretKeys(field: Field): Set<String> =
    when (val kind = field.kind) {
        is Kind.Text -> if (kind.secret) setOf(field.key) else emptySet()
        is Kind.Part -> secretKeys(kind.fields)
        is Kind.Parts -> secretKeys(kind.fields)
        is Kind.Named -> if ((kind.value as? Kind.Text)?.secret == true) setOf(field.key) else emptySet()
        Kind.Flag, is Kind.Whole, is Kind.Number, is Kind.Time, is Kind.Size, is Kind.Choice, is Kind.Texts -> emptySet()
        is Kind.Numbers, Kind.TextLists, is Kind.Same, Kind.Anything -> emptySet()
    }
