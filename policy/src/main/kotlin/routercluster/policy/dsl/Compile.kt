package routercluster.policy.dsl

import routercluster.policy.config.formatSignals

private const val ROUTING = "routing"
private const val ENTRYPOINTS = "entrypoints"
private const val RECIPES = "recipes"
private const val MODEL_CARDS = "modelCards"

/** The parts of a policy document that a program stands for. */
internal val compiledParts = setOf(ROUTING, ENTRYPOINTS, RECIPES)

/** Kinds of projections to their lists in a document. */
val projectionLists = mapOf("partition" to "partitions", "score" to "scores", "mapping" to "mappings")

/** The `routing`, `entrypoints` and `recipes` that [program] stands for, as a v0.3 document. [source] places its nodes. */
fun compile(program: Program, source: SourceText): Yaml.Mapping = Compiler(source).document(program)

/**
 * This compiled document in the place of the same parts of [base]; everything else of [base] stays. Its model cards stay too where
 * the program has none of its own.
 */
fun Yaml.Mapping.over(base: Yaml.Mapping): Yaml.Mapping {
    val compiled = entries.toMutableMap()
    val routing = compiled[ROUTING] as? Yaml.Mapping
    val cards = (base[ROUTING] as? Yaml.Mapping)?.get(MODEL_CARDS)
    if (routing != null && cards != null && MODEL_CARDS !in routing.entries) {
        compiled[ROUTING] = Yaml.Mapping(mapOf(MODEL_CARDS to cards) + routing.entries, routing.at, routing.keys)
    }
    val kept = base.entries.filterKeys { it !in compiledParts || it in compiled }
    return Yaml.Mapping(kept.mapValues { (key, value) -> compiled.remove(key) ?: value } + compiled, base.at, base.keys)
}

internal fun yaml(value: Value, source: SourceText): Yaml {
    val at = source.location(value.span.start)
    return when (value) {
        is Value.Text -> Yaml.text(value.text, at)
        is Value.Number -> Yaml.Scalar(value.written, Yaml.Scalar.Kind.NUMBER, at)
        is Value.Truth -> Yaml.Scalar("${value.value}", Yaml.Scalar.Kind.TRUTH, at)
        is Value.Nothing -> Yaml.Scalar("null", Yaml.Scalar.Kind.NULL, at)
        is Value.Items -> Yaml.Sequence(value.items.map { yaml(it, source) }, at)
        is Value.Fields -> Growing(source, value.span).apply { putAll(value.fields) }.done()
    }
}

private class Compiler(private val source: SourceText) {
    private fun growing(span: Span) = Growing(source, span)

    fun document(program: Program): Yaml.Mapping {
        val document = growing(Span.NONE)
        val templates = program.items.filterIsInstance<Item.Plugin>()
        document.put(ROUTING, routing(program.items, Span.NONE, templates))
        program.items.forEach { item ->
            when (item) {
                is Item.Entrypoint -> document.add(ENTRYPOINTS, yaml(item.block, source))
                is Item.Recipe -> document.add(RECIPES, recipe(item, templates))
                is Item.Routing, is Item.Signal, is Item.Projection, is Item.Model, is Item.Plugin -> Unit
                is Item.Route, is Item.Tree, is Item.Test -> Unit
            }
        }
        return document.done()
    }

    private fun recipe(recipe: Item.Recipe, outer: List<Item.Plugin>): Yaml {
        val made = growing(recipe.span)
        made.text("name", recipe.name.text, recipe.name.span)
        made.putAll(recipe.options)
        made.put(ROUTING, routing(recipe.items, recipe.span, outer + recipe.items.filterIsInstance<Item.Plugin>()))
        return made.done()
    }

    /** @param templates a later one replaces an earlier one of its name */
    private fun routing(items: List<Item>, span: Span, templates: List<Item.Plugin>): Yaml.Mapping {
        val routing = growing(span)
        val routes = RouteCompiler(source, templates.associateBy { it.name.text })
        items.filterIsInstance<Item.Routing>().forEach { routing.putAll(it.block.fields) }
        val signals = items.filterIsInstance<Item.Signal>()
        if (signals.isNotEmpty()) routing.within("signals") { signals.forEach { add(signalList(it), named(it.name, it.block, it.span)) } }
        val projections = items.filterIsInstance<Item.Projection>()
        if (projections.isNotEmpty()) {
            routing.within("projections") {
                projections.forEach { add(projectionList(it), named(it.name, it.block, it.span)) }
            }
        }
        items.forEach { item ->
            when (item) {
                is Item.Model -> routing.add(MODEL_CARDS, named(item.name, item.block, item.span))
                is Item.Route -> routing.add(DECISIONS, routes.route(item))
                is Item.Tree -> routes.tree(item).forEach { routing.add(DECISIONS, it) }
                is Item.Routing, is Item.Signal, is Item.Projection, is Item.Plugin -> Unit
                is Item.Test, is Item.Entrypoint, is Item.Recipe -> Unit
            }
        }
        return routing.done()
    }

    private fun signalList(item: Item.Signal) = signalLists[item.type.text] ?: item.type.text

    private fun projectionList(item: Item.Projection) = projectionLists[item.kind.text] ?: item.kind.text

    private fun named(name: Name, block: Value.Fields, span: Span): Yaml =
        growing(span)
            .apply {
                text("name", name.text, name.span)
                putAll(block.fields)
            }.done()

    private companion object {
        const val DECISIONS = "decisions"
    }
}

/** Types of signals to their lists in a document. */
val signalLists: Map<String, String> = formatSignals.entries.associate { (list, type) -> type to list }
