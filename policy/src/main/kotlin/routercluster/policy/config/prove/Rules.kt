package routercluster.policy.config.prove

import routercluster.policy.config.PROJECTION_TYPE
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.formatSignals
import routercluster.policy.config.nearestName
import routercluster.policy.config.raw.Operator
import routercluster.policy.config.raw.RawRule
import routercluster.policy.decisions.Rule
import routercluster.policy.signals.ConditionNeeds
import routercluster.policy.signals.LabelKind
import routercluster.policy.signals.Signal

/**
 * The signals of a recipe as its rules see them.
 *
 * @property types every condition type of signals that is built
 * @property named per type, the names that the recipe defines, even of signals that could not be proven
 * @property signals those that were proven, by type and name
 * @property members the signals that a partition has a say in, by type and name
 * @property composers by index, the rule that must hold beside a condition on that signal; null while composers themselves are proven
 * @property outputs by name, what conditions of type `projection` may name; null where such conditions do not belong
 */
internal class SignalScope(
    val types: Set<String>,
    val named: Map<String, Set<String>>,
    val signals: Map<Pair<String, String>, ScopedSignal>,
    val members: Map<Pair<String, String>, Rule.Member> = emptyMap(),
    val composers: Map<Int, Rule>? = null,
    val outputs: Map<String, Rule.Output?>? = null,
) {
    fun with(
        members: Map<Pair<String, String>, Rule.Member> = this.members,
        composers: Map<Int, Rule>? = this.composers,
        outputs: Map<String, Rule.Output?>? = this.outputs,
    ) = SignalScope(types, named, signals, members, composers, outputs)
}

/** [signal] and where it stands in its recipe. */
internal class ScopedSignal(val index: Int, val signal: Signal, val isComposed: Boolean)

/** A signal, or the part of it called [label], that a condition or an input names. */
internal class NamedSignal(val scoped: ScopedSignal, val label: Text?)

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
    if (raw.type.value == PROJECTION_TYPE) return proveOutput(raw, scope, problems)
    val (scoped, label) = resolve(raw, scope, problems)?.let { it.scoped to it.label } ?: return null
    if (!isLabelled(raw, label, scoped.signal, problems)) return null
    val isWhole = label == null && raw.predicate == null
    val member = scope.members[scoped.signal.ref.type to scoped.signal.ref.name]?.takeIf { isWhole }
    val leaf =
        member?.copy(onError = raw.onError ?: member.onError)
            ?: Rule.Leaf(scoped.index, raw.predicate, raw.onError ?: scoped.signal.onError, label?.value)
    if (!scoped.isComposed) return leaf
    if (scope.composers == null) {
        problems.add(raw.name.at, "has a composer of its own, so another composer cannot name it", raw.name.value)
    }
    return scope.composers?.get(scoped.index)?.let { Rule.And(listOf(it, leaf)) }
}

/** The signal that [raw] names, or null after reporting that there is none. */
internal fun resolve(raw: RawRule.Leaf, scope: SignalScope, problems: Problems): NamedSignal? {
    val later = formatSignals.values.toSet() - scope.types
    val accepted = (scope.types + PROJECTION_TYPE).sorted().associateWith { it }
    val type = choose(raw.type, accepted, later, problems, "unknown signal type") ?: return null
    val known = scope.named[type].orEmpty()
    val (name, label) = nameAndLabel(raw, known, problems)
    if (name !in known) {
        val names = known.joinToString(", ").ifEmpty { "none is defined in this recipe" }
        problems.add(raw.name.at, "unknown signal of type $type", name, names, nearestName(name, known))
    }
    return scope.signals[type to name]?.let { NamedSignal(it, label) }
}

private fun proveOutput(raw: RawRule.Leaf, scope: SignalScope, problems: Problems): Rule? {
    val outputs = scope.outputs
    if (outputs == null) {
        problems.add(raw.at, "a composer cannot name a projection: projections are worked out after composers", raw.name.value)
        return null
    }
    if (raw.predicate != null || raw.label != null) {
        problems.add(raw.at, "a projection takes neither predicate nor label: its band is in the mapping", raw.name.value)
    }
    unknownName(raw.name, "unknown output of projections.mappings", outputs.keys, problems)
    val output = outputs[raw.name.value] ?: return null
    return output.copy(onError = raw.onError ?: output.onError)
}

/** A label may also follow the name: `name:label`. */
private fun nameAndLabel(raw: RawRule.Leaf, known: Set<String>, problems: Problems): Pair<String, Text?> {
    val written = raw.name.value
    val name = written.substringBeforeLast(':')
    if (written in known || name !in known) return written to raw.label
    if (raw.label != null) problems.add(raw.label.at, "stands beside a label in the name", raw.label.value, "one of the two")
    return name to raw.name.copy(value = written.substringAfterLast(':'))
}

private fun isLabelled(raw: RawRule.Leaf, label: Text?, signal: Signal, problems: Problems): Boolean {
    val kind = label?.let { signal.labels[it.value] }
    if (label != null && kind == null) {
        val accepted = signal.labels.keys
            .joinToString(", ")
            .ifEmpty { "none" }
        problems.add(label.at, "unknown label of ${signal.ref}", label.value, accepted, nearestName(label.value, signal.labels.keys))
        return false
    }
    val lacksPredicate = raw.predicate == null
    val lacksLabel =
        when (signal.conditionNeeds) {
            ConditionNeeds.NOTHING -> false
            ConditionNeeds.LABEL_OR_PREDICATE -> label == null && lacksPredicate
            ConditionNeeds.LABEL -> label == null
        }
    if (lacksLabel) problems.add(raw.at, "needs a label", raw.name.value, signal.labels.keys.joinToString(", "))
    if (kind == LabelKind.NUMBER && lacksPredicate) {
        problems.add(raw.at, "needs a predicate: ${label.value} is a number", raw.name.value, "predicate with gt, gte, lt or lte")
    }
    return !lacksLabel && !(kind == LabelKind.NUMBER && lacksPredicate)
}
