package routercluster.policy.dsl

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ArrayNode
import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * The program as JSON, a node an object with its `node` and, where it was read from text, its `span`: two offsets in UTF-16 units.
 *
 * @param spans false leaves them out, and comments too, so that equal programs are equal JSON
 */
fun Program.toJson(spans: Boolean = true): ObjectNode = SyntaxJson(spans).program(this)

private class SyntaxJson(private val spans: Boolean) {
    private val make = JsonNodeFactory.instance

    fun program(program: Program): ObjectNode {
        val json = make.objectNode()
        json.set<JsonNode>("items", list(program.items, ::item))
        if (spans) json.set<JsonNode>("comments", list(program.comments) { node("comment", it.span).put("text", it.text) })
        return json
    }

    private fun node(kind: String, span: Span): ObjectNode {
        val json = make.objectNode().put("node", kind)
        if (spans) json.putArray("span").add(span.start).add(span.end)
        return json
    }

    private fun ObjectNode.with(key: String, value: JsonNode?): ObjectNode = apply { if (value != null) set<JsonNode>(key, value) }

    private fun <T> list(parts: List<T>, json: (T) -> JsonNode): ArrayNode = make.arrayNode().apply { parts.forEach { add(json(it)) } }

    private fun name(name: Name) = node("name", name.span).put("text", name.text)

    private fun fields(fields: List<Field>) = list(
        fields,
    ) { node("field", it.span).with("key", name(it.key)).with("value", value(it.value)) }

    private fun value(value: Value): JsonNode =
        when (value) {
            is Value.Text -> node("text", value.span).put("text", value.text)
            is Value.Number -> node("number", value.span).put("written", value.written)
            is Value.Truth -> node("truth", value.span).put("value", value.value)
            is Value.Nothing -> node("null", value.span)
            is Value.Items -> node("list", value.span).with("items", list(value.items, ::value))
            is Value.Fields -> node("block", value.span).with("fields", fields(value.fields))
        }

    private fun item(item: Item): ObjectNode =
        when (item) {
            is Item.Routing -> node("routing", item.span).with("block", value(item.block))
            is Item.Entrypoint -> node("entrypoint", item.span).with("block", value(item.block))
            is Item.Signal -> declared("signal", item.span, item.name, item.block).with("type", name(item.type))
            is Item.Projection -> declared("projection", item.span, item.name, item.block).with("kind", name(item.kind))
            is Item.Model -> declared("model", item.span, item.name, item.block)
            is Item.Plugin -> declared("plugin", item.span, item.name, item.block).with("type", name(item.type))
            is Item.Recipe -> headed("recipe", item.span, item.name, item.options).with("items", list(item.items, ::item))
            is Item.Route -> headed("route", item.span, item.name, item.options).with("statements", list(item.statements, ::statement))
            is Item.Tree -> headed("decision_tree", item.span, item.name, item.options).with("branches", list(item.branches, ::branch))
            is Item.Test -> node("test", item.span).with("name", name(item.name)).with("cases", list(item.cases, ::case))
        }

    private fun declared(kind: String, span: Span, name: Name, block: Value) =
        node(kind, span).with("name", name(name)).with("block", value(block))

    private fun headed(kind: String, span: Span, name: Name, options: List<Field>) =
        node(kind, span).with("name", name(name)).with("options", fields(options))

    private fun case(case: Case) = node("case", case.span).with("query", value(case.query)).with("route", name(case.route))

    private fun branch(branch: Branch) =
        node("branch", branch.span)
            .with("condition", branch.condition?.let(::condition))
            .with("statements", list(branch.statements, ::statement))

    private fun condition(condition: Condition): ObjectNode =
        when (condition) {
            is Condition.Signal -> {
                node("condition", condition.span)
                    .with("type", name(condition.type))
                    .with("name", name(condition.name))
                    .with("fields", fields(condition.fields))
            }

            is Condition.All -> {
                node("and", condition.span).with("parts", list(condition.parts, ::condition))
            }

            is Condition.AnyOf -> {
                node("or", condition.span).with("parts", list(condition.parts, ::condition))
            }

            is Condition.Not -> {
                node("not", condition.span).with("part", condition(condition.part))
            }
        }

    private fun model(model: ModelUse) = node("model", model.span).with("name", name(model.name)).with("options", fields(model.options))

    private fun statement(statement: Statement): ObjectNode {
        val span = statement.span
        return when (statement) {
            is Statement.Priority -> node("priority", span).with("value", value(statement.value))
            is Statement.Tier -> node("tier", span).with("value", value(statement.value))
            is Statement.When -> node("when", span).with("condition", condition(statement.condition))
            is Statement.Models -> node("models", span).with("models", list(statement.models, ::model))
            is Statement.Algorithm -> algorithm(statement)
            is Statement.Plugin -> used("plugin", span, statement.name, statement.block)
            is Statement.Description -> node("description", span).with("text", value(statement.text))
            is Statement.For -> iteration(statement)
            is Statement.Emit -> used("emit", span, statement.kind, statement.block)
            is Statement.Named -> node("name", span).with("name", name(statement.name))
            is Statement.Other -> node("field", span).with("field", fields(listOf(statement.written)))
        }
    }

    private fun algorithm(statement: Statement.Algorithm) =
        used("algorithm", statement.span, statement.type, statement.block).with("options", fields(statement.options))

    private fun used(kind: String, span: Span, name: Name, block: Value?) =
        node(kind, span).with("name", name(name)).with("block", block?.let(::value))

    private fun iteration(statement: Statement.For): ObjectNode {
        val source =
            when (val source = statement.source) {
                is Source.Reference -> name(source.name)
                is Source.Listed -> node("models", source.span).with("models", list(source.models, ::model))
            }
        return node("for", statement.span)
            .with("variable", name(statement.variable))
            .with("source", source)
            .with("outputs", list(statement.outputs, ::statement))
    }
}
