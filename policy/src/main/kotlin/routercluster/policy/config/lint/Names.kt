package routercluster.policy.config.lint

import routercluster.policy.config.raw.KB_METRIC
import routercluster.policy.config.raw.Operator
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.config.raw.RawRule
import routercluster.policy.decisions.Predicate
import routercluster.policy.signals.Composed
import routercluster.policy.signals.SignalRef

/** A condition on a signal. */
internal val RawRule.Leaf.ref: SignalRef get() = SignalRef(type.value, name.value)

/** Every condition of this rule. */
internal fun RawRule.leaves(): List<RawRule.Leaf> =
    when (this) {
        is RawRule.Leaf -> listOf(this)
        is RawRule.Group -> children.flatMap { it.leaves() }
        RawRule.Unreadable -> emptyList()
    }

/** Every condition of decisions and composers. */
internal fun conditions(routing: RawRouting): List<RawRule.Leaf> {
    val composers = routing.signals.mapNotNull { (it.raw as? Composed)?.composer }
    return (routing.decisions.mapNotNull { it.rule } + composers).flatMap { it.leaves() }
}

/** Signals that nothing reads: no decision, composer, partition or score. */
internal fun unusedSignals(routing: RawRouting): List<Finding> {
    val named = conditions(routing).map { it.ref }
    val scored = routing.projections.scores.flatMap { it.inputs }.mapNotNull { input ->
        input.name?.let { SignalRef(input.type.value, it.value) }
    }
    val used = (named + scored).flatMapTo(mutableSetOf()) { listOf(it, it.copy(name = it.name.substringBeforeLast(':'))) }
    val members = routing.projections.partitions.flatMapTo(mutableSetOf()) { partition -> partition.members.map { it.value } }
    return routing.signals
        .filter { it.type != KB_METRIC && SignalRef(it.type, it.raw.name) !in used && !(it.type in memberTypes && it.raw.name in members) }
        .map { signal ->
            val at = signal.raw.at
            Finding(
                LintRule.UNUSED_SIGNAL,
                at,
                "no decision depends on ${signal.type}:${signal.raw.name}",
                Fix("take it out", at.path, null),
            )
        }
}

private val memberTypes = setOf("domain", "embedding")

/** ANDs that can never hold: over two members of one partition, or over a condition and its NOT. */
internal fun impossibleRules(routing: RawRouting): List<Finding> {
    val partitions = routing.projections.partitions.map { partition -> partition.name.value to partition.members.map { it.value }.toSet() }
    return routing.decisions.mapNotNull { it.rule }.flatMap { rule -> groups(rule) }.flatMap { group ->
        val wanted = group.children.filterIsInstance<RawRule.Leaf>()
        val unwanted = group.children
            .filterIsInstance<RawRule.Group>()
            .filter { it.operator == Operator.NOT }
            .flatMap { it.children }
            .filterIsInstance<RawRule.Leaf>()
        exclusive(wanted, partitions) + wanted.filter { leaf -> unwanted.any { it.asked() == leaf.asked() } }.map { leaf ->
            Finding(LintRule.IMPOSSIBLE_RULE, leaf.at, "can never hold together with its NOT beside it")
        }
    }
}

private fun exclusive(wanted: List<RawRule.Leaf>, partitions: List<Pair<String, Set<String>>>): List<Finding> =
    partitions.mapNotNull { (name, members) ->
        val both = wanted.filter { it.type.value in memberTypes && it.name.value in members }.distinctBy { it.ref }
        val second = both.getOrNull(1) ?: return@mapNotNull null
        val message = "can never hold together with ${both.first().ref}: only one member of the partition $name counts"
        val operator = second.at.path.substringBeforeLast(".conditions[") + ".operator"
        Finding(LintRule.IMPOSSIBLE_RULE, second.at, message, Fix("join them by OR", operator, "OR"))
    }

/** What a condition asks, wherever it stands. */
internal data class Asked(val ref: SignalRef, val label: String?, val predicate: Predicate?) {
    override fun toString(): String = listOfNotNull(ref, label).joinToString(":")
}

internal fun RawRule.Leaf.asked() = Asked(ref, label?.value, predicate)

private fun groups(rule: RawRule): List<RawRule.Group> =
    when (rule) {
        is RawRule.Group -> listOf(rule).filter { it.operator == Operator.AND } + rule.children.flatMap(::groups)
        is RawRule.Leaf, RawRule.Unreadable -> emptyList()
    }
