package routercluster.policy.config.lint

import routercluster.policy.Strategy
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawRouting
import routercluster.policy.config.raw.readPolicy
import routercluster.policy.config.readDocument
import routercluster.policy.signals.signalFamilies

/** What a policy file says although it can hardly be meant. */
enum class LintRule(val label: String) {
    UNUSED_SIGNAL("unused-signal"),
    IMPOSSIBLE_RULE("impossible-rule"),
    UNREACHABLE_DECISION("unreachable-decision"),
    EQUAL_RANK("equal-rank"),
    TIER_GAP("tier-gap"),
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
 * @param text a policy file that proves
 * @param environment as it was proven with
 * @return in the order of the file; empty also where the file cannot be read
 */
fun lint(text: String, file: String, environment: (String) -> String?): List<Finding> {
    val raw = readDocument(text, file, environment, Problems())?.let { readPolicy(it, signalFamilies) } ?: return emptyList()
    val default = raw.global.strategy ?: Strategy.PRIORITY
    val recipes = listOf(raw.routing) + raw.recipes.map { it.routing }
    return recipes.flatMap { findings(it, default) }.sortedWith(compareBy({ it.at.line }, { it.at.column }))
}

private fun findings(routing: RawRouting, default: Strategy): List<Finding> =
    unusedSignals(routing) + impossibleRules(routing) + Ranks(routing, routing.strategy ?: default).findings()
