package routercluster.policy.config.lint

import routercluster.policy.Policy
import routercluster.policy.Strategy
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.config.raw.readPolicy
import routercluster.policy.config.readDocument
import routercluster.policy.signals.Signal
import routercluster.policy.signals.signalFamilies

/** What a policy file says although it can hardly be meant. */
enum class LintRule(val label: String) {
    UNUSED_SIGNAL("unused-signal"),
    IMPOSSIBLE_RULE("impossible-rule"),
    UNREACHABLE_DECISION("unreachable-decision"),
    EQUAL_RANK("equal-rank"),
    TIER_GAP("tier-gap"),
    IDLE_THRESHOLD("idle-threshold"),
    ALIKE_MEMBERS("alike-members"),
    IDLE_CONSTRAINT("idle-constraint"),
}

/**
 * A place where the file breaks a [rule].
 *
 * @property fix what would mend it; null where only the author can know
 */
data class Finding(val rule: LintRule, val at: Location, val message: String, val fix: Fix? = null) {
    override fun toString(): String = "$at: ${at.path}: $message (${rule.label})" + fix?.let { "; ${it.title}" }.orEmpty()
}

/**
 * A change of the file, for editors.
 *
 * @property path of the value that changes
 * @property replacement the new value; null takes it out
 */
data class Fix(val title: String, val path: String, val replacement: String?)

/**
 * Looks for what can hardly be meant, recipe by recipe; nothing that is found keeps a policy from serving.
 *
 * @param policy as its file proves, with that file's text. What depends on vectors is looked for where it has them: see [membersToEmbed]
 * @param file what findings call the file
 * @param environment as it was proven with
 * @return in the order of the file
 */
fun lint(policy: Policy, file: String, environment: (String) -> String?): List<Finding> {
    val root = readDocument(policy.text, file, environment, Problems()) ?: return emptyList()
    val raw = readPolicy(root, signalFamilies) ?: return emptyList()
    val default = raw.global.strategy ?: Strategy.PRIORITY
    val recipes = listOf(Policy.DEFAULT_RECIPE to raw.routing) + raw.recipes.map { it.name.value to it.routing }
    return recipes
        .flatMap { (name, routing) ->
            val proven = policy.recipes[name]
            findings(routing, default) + proven?.let { ofSignals(routing, it.signals, root) }.orEmpty() +
                proven?.let { idleConstraints(routing, it.decisions, policy) }.orEmpty()
        }.distinct()
        .sortedWith(compareBy({ it.at.line }, { it.at.column }))
}

private fun findings(routing: RawRouting, default: Strategy): List<Finding> =
    unusedSignals(routing) + impossibleRules(routing) + Ranks(routing, routing.strategy ?: default).findings()

/** @param signals of the [routing], proven, in its order */
private fun ofSignals(routing: RawRouting, signals: List<Signal>, root: Section): List<Finding> {
    val known = signals.associateBy { it.ref }
    return Thresholds(root).findings(routing, signals) + idlePredicates(routing, known) + alikeMembers(routing, known)
}
