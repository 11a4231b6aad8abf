package routercluster.policy.config.lint

import routercluster.policy.Strategy
import routercluster.policy.config.raw.Operator
import routercluster.policy.config.raw.RawDecision
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.config.raw.RawRule

/** What the ranks of decisions make impossible or leave to chance. */
internal class Ranks(routing: RawRouting, private val strategy: Strategy) {
    private val decisions = routing.decisions
    private val tiers = decisions.map { it.tier ?: 0 }.distinct().sorted()

    fun findings(): List<Finding> = unreachable() + equalRanks() + tierGaps()

    /** Only where priorities alone decide: tiers and confidences are known when a request is there. */
    private fun unreachable(): List<Finding> {
        if (strategy != Strategy.PRIORITY || tiers.any { it > 0 }) return emptyList()
        return decisions.mapNotNull { decision ->
            val above = decisions.firstOrNull { it.rank > decision.rank && covers(it, decision) } ?: return@mapNotNull null
            val why = if (isAlways(above.rule)) "matches always" else "has the same rule"
            val fix = Fix("rank it above", "${pathOf(decision)}.priority", "${above.rank + 1}")
            Finding(LintRule.UNREACHABLE_DECISION, decision.name.at, "never wins: ${above.name.value} $why and ranks higher", fix)
        }
    }

    private fun covers(above: RawDecision, below: RawDecision) = isAlways(above.rule) || shape(above.rule) == shape(below.rule)

    private fun isAlways(rule: RawRule?): Boolean =
        rule == null || (rule is RawRule.Group && rule.operator == Operator.AND && rule.children.isEmpty())

    /** A rule in words; two with the same words match the same requests. */
    private fun shape(rule: RawRule?): String =
        when (rule) {
            null -> "always"
            is RawRule.Leaf -> "${rule.asked()} ${rule.predicate} ${rule.onError}"
            is RawRule.Group -> rule.operator.name + rule.children.map(::shape).sorted()
            RawRule.Unreadable -> "unreadable"
        }

    /** Decisions of one rank that one condition is enough for: between them confidences decide, and else their names. */
    private fun equalRanks(): List<Finding> =
        decisions.flatMapIndexed { index, decision ->
            decisions.drop(index + 1).filter { (it.tier ?: 0) == (decision.tier ?: 0) && it.rank == decision.rank }.mapNotNull { other ->
                val shared = sufficient(decision.rule).intersect(sufficient(other.rule)).firstOrNull() ?: return@mapNotNull null
                val message = "has the rank of ${decision.name.value}, and $shared is enough for both"
                val fix = Fix("rank it below", "${pathOf(other)}.priority", "${other.rank - 1}")
                Finding(LintRule.EQUAL_RANK, other.name.at, message, fix)
            }
        }

    /** Conditions each of which makes [rule] hold by itself. */
    private fun sufficient(rule: RawRule?): Set<Asked> =
        when (rule) {
            is RawRule.Leaf -> {
                setOf(rule.asked())
            }

            is RawRule.Group -> {
                val isEach = rule.operator == Operator.OR || (rule.operator == Operator.AND && rule.children.size == 1)
                if (isEach) rule.children.flatMapTo(mutableSetOf(), ::sufficient) else emptySet()
            }

            RawRule.Unreadable, null -> {
                emptySet()
            }
        }

    private fun tierGaps(): List<Finding> {
        val used = tiers.filter { it > 0 }
        if (used.isEmpty()) return emptyList()
        val missing = (used.first()..used.last()).firstOrNull { it !in used }
        val gap = missing?.let { empty ->
            val next = decisions.first { (it.tier ?: 0) == used.first { tier -> tier > empty } }
            val fix = Fix("move it up", "${pathOf(next)}.tier", "$empty")
            Finding(LintRule.TIER_GAP, next.name.at, "no decision has tier $empty, the one before ${next.tier}", fix)
        }
        val untiered = decisions.firstOrNull { (it.tier ?: 0) == 0 }?.let {
            val message = "has no tier and so comes before tier ${used.first()} whenever one with a tier matches"
            Finding(LintRule.TIER_GAP, it.name.at, message, Fix("put it last", "${pathOf(it)}.tier", "${used.last() + 1}"))
        }
        return listOfNotNull(gap, untiered)
    }

    private val RawDecision.rank: Int get() = priority ?: 0

    private fun pathOf(decision: RawDecision): String =
        decision.name.at.path
            .removeSuffix(".name")
}
