package routercluster.policy.config.raw

import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.readPredicate
import routercluster.policy.decisions.Predicate
import routercluster.policy.signals.OnError

/** A node of a decision's `rules`. */
internal sealed interface RawRule {
    /**
     * @property label the part of the signal that is asked for
     * @property at the node itself
     */
    class Leaf(
        val type: Text,
        val name: Text,
        val label: Text?,
        val predicate: Predicate?,
        val onError: OnError?,
        val at: Location,
    ) : RawRule

    class Group(val operator: Operator, val children: List<RawRule>) : RawRule

    /** Could not be read; the problem is reported. */
    data object Unreadable : RawRule
}

internal enum class Operator { AND, OR, NOT }

private const val RULE_DEPTH_MAX = 16

private val operators = Operator.entries.associateBy { it.name }
private val errorPolicies = OnError.entries.associateBy { it.name.lowercase() }

/** Reads one node and all below it. An empty one matches always, as AND of nothing. */
internal fun readRule(section: Section, depth: Int): RawRule {
    val problems = section.problems
    if (depth > RULE_DEPTH_MAX) {
        section.passOver()
        problems.add(section.here, "is nested too deep", accepted = "at most $RULE_DEPTH_MAX levels of conditions")
        return RawRule.Unreadable
    }
    if (!section.has("type")) return readGroup(section, depth)
    listOf("operator", "conditions").filter(section::has).forEach {
        section.refuse(it, "does not go with type: a node is either a condition or an operator over conditions")
    }
    val type = section.text("type")
    val name = section.requiredText("name")
    val predicate = section.section("predicate")?.let(::readPredicate)
    val onError = section.oneOf("on_error", errorPolicies)
    val label = section.text("label")
    return if (type == null || name == null) RawRule.Unreadable else RawRule.Leaf(type, name, label, predicate, onError, section.here)
}

private fun readGroup(section: Section, depth: Int): RawRule {
    val problems = section.problems
    val operator = section.oneOf("operator", operators)
    val children = section.sections("conditions").map { readRule(it, depth + 1) }
    if (!section.has("operator")) {
        if (children.isEmpty()) return RawRule.Group(Operator.AND, emptyList())
        problems.add(section.at("operator"), "is required with conditions", accepted = operators.keys.joinToString(", "))
    }
    if (operator == null) return RawRule.Unreadable
    if (operator == Operator.OR && children.isEmpty()) {
        problems.add(section.at("conditions"), "is required", accepted = "at least one condition for OR")
    }
    if (operator == Operator.NOT && children.size != 1) {
        problems.add(section.at("conditions"), "does not fit NOT", "${children.size} conditions", "exactly one")
    }
    return RawRule.Group(operator, children)
}
