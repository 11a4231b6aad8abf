package routercluster.policy.language

import routercluster.policy.dsl.Condition
import routercluster.policy.dsl.Field
import routercluster.policy.dsl.Item
import routercluster.policy.dsl.Program
import routercluster.policy.dsl.Statement
import routercluster.policy.dsl.Value

/** What a route is for; an earlier purpose must win against a later one. */
internal enum class Purpose { REFUSE, PROTECT, SERVE }

/** @property tier null where the route needs none */
internal class Place(val priority: Int, val tier: Int?)

/**
 * Where new routes stand among those of [base]: above them, but below those that refuse or protect, unless they do so themselves. A
 * new route for contracts must not let out what the base keeps in.
 *
 * @param byConfidence priorities say nothing then; a tier puts a route above all that have none
 */
internal class Placement(private val base: Program, private val byConfidence: Boolean) {
    private class Standing(val purpose: Purpose, val priority: Int, val tier: Int, val name: String = "")

    private val templates = base.items.filterIsInstance<Item.Plugin>().associate { it.name.text to it.type.text }
    private val old: List<Standing> = base.items.mapNotNull(::standing)
    private val tiers = old.map { it.tier }.filter { it > 0 }
    private val highest = (old.map { it.priority } + 0).max()

    /** Below all, for what no other route takes. */
    val last = Place((old.map { it.priority } + 0).min() - STEP, tiers.maxOrNull())

    /** Places for routes of [purposes], which are in the order of what must win. */
    fun of(purposes: List<Purpose>): List<Place> {
        val placed = mutableListOf<Standing>()
        purposes.groupBy { it }.forEach { (purpose, group) -> placed += group(purpose, group.size, purposes.size - placed.size, placed) }
        return placed.mapIndexed { index, standing -> Place(standing.priority, tier(standing.purpose, index)) }
    }

    /** @param left routes that are not placed yet, this group's among them */
    private fun group(purpose: Purpose, count: Int, left: Int, placed: List<Standing>): List<Standing> {
        val ceiling = (old + placed).filter { it.purpose < purpose }.minOfOrNull { it.priority }
        val priorities =
            if (ceiling == null) {
                List(count) { highest + STEP * (left - it) }
            } else {
                val floor = old.map { it.priority }.filter { it < ceiling }.maxOrNull() ?: (ceiling - STEP * (count + 1))
                val step = ((ceiling - floor) / (count + 1)).coerceIn(1, STEP)
                List(count) { ceiling - step * (it + 1) }
            }
        return priorities.map { Standing(purpose, it, 0) }
    }

    /** Which routes of the base that are called as in [added] win against one that refuses or protects, in words. */
    fun passing(added: Set<String>): List<String> {
        val (new, others) = old.partition { it.name in added }
        return new.flatMap { route ->
            others.filter { it.purpose < route.purpose && passes(route, it) }.map {
                "ROUTE ${route.name} wins against ${it.name}, which refuses or protects requests; put it below"
            }
        }
    }

    private fun passes(route: Standing, guard: Standing): Boolean =
        if (route.tier == guard.tier) {
            !byConfidence && route.priority >= guard.priority
        } else {
            route.tier > 0 && (guard.tier == 0 || route.tier < guard.tier)
        }

    /** Tiers go before priorities, so a new route has none that would put it above a protecting one. */
    private fun tier(purpose: Purpose, index: Int): Int? {
        val guards = old.filter { it.purpose < purpose }.map { it.tier }
        val lowest = tiers.minOrNull()
        return when {
            lowest != null -> if (0 in guards) null else maxOf(lowest, guards.maxOrNull() ?: lowest)
            byConfidence && guards.isEmpty() -> index + 1
            else -> null
        }
    }

    private fun standing(item: Item): Standing? =
        when (item) {
            is Item.Route -> Standing(purposeOf(item.statements, null), priorityOf(item), tierOf(item), item.name.text)

            is Item.Tree -> Standing(
                item.branches.minOf { purposeOf(it.statements, it.condition) },
                number(item.options, "priority"),
                number(item.options, "tier"),
                item.name.text,
            )

            is Item.Routing, is Item.Entrypoint, is Item.Recipe, is Item.Signal, is Item.Projection -> null

            is Item.Model, is Item.Plugin, is Item.Test -> null
        }

    private fun purposeOf(statements: List<Statement>, branch: Condition?): Purpose {
        val plugins = statements.filterIsInstance<Statement.Plugin>().map { templates[it.name.text] ?: it.name.text }
        val conditions = statements.filterIsInstance<Statement.When>().map { it.condition } + listOfNotNull(branch)
        return when {
            REFUSING in plugins -> Purpose.REFUSE
            conditions.any(::protects) -> Purpose.PROTECT
            else -> Purpose.SERVE
        }
    }

    private fun protects(condition: Condition): Boolean =
        when (condition) {
            is Condition.Signal -> condition.type.text in protecting
            is Condition.All -> condition.parts.any(::protects)
            is Condition.AnyOf -> condition.parts.any(::protects)
            is Condition.Not -> false
        }

    private fun priorityOf(route: Item.Route): Int =
        numberIn(route) { (it as? Statement.Priority)?.value } ?: number(route.options, "priority")

    private fun tierOf(route: Item.Route): Int = numberIn(route) { (it as? Statement.Tier)?.value } ?: number(route.options, "tier")

    private fun numberIn(route: Item.Route, read: (Statement) -> Value.Number?): Int? =
        route.statements
            .firstNotNullOfOrNull(read)
            ?.written
            ?.toIntOrNull()

    private fun number(options: List<Field>, key: String): Int {
        val value = options.firstOrNull { it.key.text == key }?.value as? Value.Number
        return value?.written?.toIntOrNull() ?: 0
    }

    private companion object {
        const val STEP = 10
        const val REFUSING = "fast_response"
        val protecting = setOf("pii", "jailbreak", "authz")
    }
}

/** Of a route or a tree. */
internal fun routeName(item: Item): String? = (item as? Item.Route)?.name?.text ?: (item as? Item.Tree)?.name?.text
