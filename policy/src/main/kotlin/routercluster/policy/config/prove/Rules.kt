package routercluster.policy.config.prove

import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.choose
import routercluster.policy.config.formatSignals
import routercluster.policy.config.laterConditionTypes
import routercluster.policy.config.nearestName
import routercluster.policy.config.raw.Operator
import routercluster.policy.config.raw.RawRule
import routercluster.policy.decisions.Rule
import routercluster.policy.signals.OnError

/**
 * The signals of a recipe as its rules see them.
 *
 * @property types every condition type that is built
 * @property named per type, the names that the recipe defines, even of signals that could not be proven
 * @property indices where each proven signal stands in the recipe, with its own error policy
 */
internal class SignalScope(
    val types: Set<String>,
    val named: Map<String, Set<String>>,
    val indices: Map<Pair<String, String>, Pair<Int, OnError>>,
)

/** Resolves the names in [raw], or returns null after reporting what does not resolve. */
internal fun proveRule(raw: RawRule, scope: SignalScope, problems: Problems): Rule? =
    when (raw) {
        is RawRule.Leaf -> {
            proveLeaf(raw, scope, problems)
        }

        is RawRule.Group -> {
            val children = raw.children.map { proveRule(it, scope, problems) }
            val proven = children.filterNotNull()
            when {
                proven.size < children.size -> null
                raw.operator == Operator.AND -> Rule.And(proven)
                raw.operator == Operator.OR -> Rule.Or(proven)
                else -> proven.singleOrNull()?.let(Rule::Not)
            }
        }

        RawRule.Unreadable -> {
            null
        }
    }

private fun proveLeaf(raw: RawRule.Leaf, scope: SignalScope, problems: Problems): Rule? {
    val later = formatSignals.values.toSet() - scope.types + laterConditionTypes
    val type = choose(raw.type, scope.types.sorted().associateWith { it }, later, problems, "unknown signal type") ?: return null
    raw.label?.let { problems.add(it, Section.NOT_SUPPORTED_YET) }
    val known = scope.named[type].orEmpty()
    if (raw.name.value !in known) {
        val accepted = known.joinToString(", ").ifEmpty { "none is defined in this recipe" }
        problems.add(raw.name.at, "unknown signal of type $type", raw.name.value, accepted, nearestName(raw.name.value, known))
    }
    val (index, onError) = scope.indices[type to raw.name.value] ?: return null
    return Rule.Leaf(index, raw.predicate, raw.onError ?: onError)
}
