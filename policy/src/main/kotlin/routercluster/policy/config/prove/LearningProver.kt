package routercluster.policy.config.prove

import routercluster.policy.Decision
import routercluster.policy.Recipe
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawLearning
import routercluster.policy.selectors.ExperimentSelector
import routercluster.policy.selectors.GuardedSelector
import routercluster.policy.selectors.Guards
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.ShadowSelector

/**
 * [recipes] with selectors that are held back as `gateway.learning` says.
 *
 * @param decisions names of those of all recipes, also of those that have problems
 */
internal fun guarded(recipes: List<Recipe>, raw: RawLearning, decisions: Set<String>, problems: Problems): List<Recipe> {
    val guards = Guards(raw.explorationMax ?: 1.0, raw.qualityFloor, raw.freeze ?: false)
    raw.shadow.filter { it.value !in decisions }.forEach { problems.add(it.at, "is no decision", it.value, decisions.joinToString()) }
    val shadow = raw.shadow.map { it.value }.toSet()
    if (guards == Guards.NONE && shadow.isEmpty()) return recipes
    return recipes.map { recipe -> recipe.with(recipe.signals, recipe.decisions.map { guarded(it, guards, it.name in shadow) }) }
}

private fun guarded(decision: Decision, guards: Guards, inShadow: Boolean): Decision {
    if (decision.candidates.size < 2) return decision
    val held = if (guards == Guards.NONE) decision.selector else held(decision.selector, guards)
    return decision.with(if (inShadow) ShadowSelector(held) else held)
}

/** Each arm of an experiment is held back by itself, so that what it says of exploring holds within it. */
private fun held(selector: Selector, guards: Guards): Selector {
    val hold = { inner: Selector -> GuardedSelector(inner, guards) }
    return if (selector is ExperimentSelector) selector.within(hold) else hold(selector)
}
