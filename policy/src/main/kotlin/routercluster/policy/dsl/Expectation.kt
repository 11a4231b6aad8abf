package routercluster.policy.dsl

import routercluster.policy.Policy
import routercluster.policy.config.Location

/** A query and the route that it is to meet by the policy of [recipe]. */
class Expectation(val name: String, val recipe: String, val query: String, val route: String, val at: Location)

/** Every case of the TEST blocks, in the order of the text. */
fun expectationsOf(parsed: Parsed): List<Expectation> = expectationsOf(parsed.program.items, Policy.DEFAULT_RECIPE, parsed.source)

private fun expectationsOf(items: List<Item>, recipe: String, source: SourceText): List<Expectation> =
    items.flatMap { item ->
        when (item) {
            is Item.Test -> item.cases.map { case(item, it, recipe, source) }
            is Item.Recipe -> expectationsOf(item.items, item.name.text, source)
            is Item.Routing, is Item.Entrypoint, is Item.Signal, is Item.Projection, is Item.Model -> emptyList()
            is Item.Plugin, is Item.Route, is Item.Tree -> emptyList()
        }
    }

private fun case(test: Item.Test, case: Case, recipe: String, source: SourceText) =
    Expectation(test.name.text, recipe, case.query.text, case.route.text, source.location(case.query.span.start))
