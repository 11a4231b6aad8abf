package routercluster.languageserver

import routercluster.policy.Policy
import routercluster.policy.dsl.Item
import routercluster.policy.dsl.Program
import routercluster.policy.dsl.Statement
import routercluster.policy.dsl.Value
import routercluster.policy.dsl.branchName

/** The names that a program gives to its parts, as far as it can be read, to a cursor at [offset]. */
internal class ProgramNames(program: Program, offset: Int) {
    private val recipes = program.items.filterIsInstance<Item.Recipe>()

    /** Of the routing section around the cursor. */
    private val scope: List<Item> = recipes.firstOrNull { offset in it.span }?.items ?: program.items
    private val templates = (program.items + scope).filterIsInstance<Item.Plugin>()
    private val projections = scope.filterIsInstance<Item.Projection>().groupBy { it.kind.text }

    val signals: Map<String, List<String>> = scope.filterIsInstance<Item.Signal>().groupBy({ it.type.text }, { it.name.text })
    val scores: List<String> = projections["score"].orEmpty().map { it.name.text }
    val outputs: List<String> =
        projections["mapping"]
            .orEmpty()
            .mapNotNull { it.field("outputs") as? Value.Items }
            .flatMap { it.items }
            .mapNotNull { ((it as? Value.Fields)?.fields?.lastOrNull { field -> field.key.text == "name" }?.value as? Value.Text)?.text }
    val recipeNames: List<String> = recipes.map { it.name.text } + Policy.DEFAULT_RECIPE

    /** Types of templates by their names. */
    val templateTypes: Map<String, String> = templates.associate { it.name.text to it.type.text }

    /** Those with a card, and those that some route names. */
    val models: List<String> =
        (program.items.filterIsInstance<Item.Model>().map { it.name.text } + (program.items + scope).flatMap(::modelsOf)).distinct()

    val routes: List<String> =
        scope.flatMap { item ->
            when (item) {
                is Item.Route -> listOf(item.name.text)
                is Item.Tree -> item.branches.indices.map { branchName(item, it).text }
                is Item.Routing, is Item.Entrypoint, is Item.Recipe, is Item.Signal, is Item.Projection -> emptyList()
                is Item.Model, is Item.Plugin, is Item.Test -> emptyList()
            }
        }

    private fun Item.Projection.field(key: String): Value? = block.fields.lastOrNull { it.key.text == key }?.value

    private fun modelsOf(item: Item): List<String> =
        when (item) {
            is Item.Route -> item.statements
            is Item.Tree -> item.branches.flatMap { it.statements }
            is Item.Routing, is Item.Entrypoint, is Item.Recipe, is Item.Signal, is Item.Projection -> emptyList()
            is Item.Model, is Item.Plugin, is Item.Test -> emptyList()
        }.filterIsInstance<Statement.Models>().flatMap { it.models }.map { it.name.text }
}
