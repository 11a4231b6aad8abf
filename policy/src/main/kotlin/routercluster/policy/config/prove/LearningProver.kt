package routercluster.policy.config.prove

import routercluster.policy.Decision
import routercluster.policy.Recipe
import routercluster.policy.config.Problems
import routercluster.policy.config.raw.RawLearning
import routercluster.policy.selectors.GuardedSelector
import routercluster.policy.selectors.Guards
import routercluster.policy.selectors.ShadowSelector

/** [recipes] with selectors that are held back as `gateway.learning` says. */
internal fun guarded(recipes: List<Recipe>, raw: RawLearning, problems: Problems): List<Recipe> {
    val guards = Guards(raw.explorationMax ?: 1.0, raw.qualityFloor, raw.freeze ?: false)
    val decisions = recipes.flatMap { it.decisions }.map { it.name }.toSet()
    raw.shadow.filter { it.value !in decisions }.forEach { problems.add(it.at, "is no decision", it.value, decisions.joinToString()) }
    val shadow = raw.shadow.map { it.value }.toSet()
    if (guards == Guards.NONE && shadow.isEmpty()) return recipes
    return recipes.map { recipe -> recipe.with(recipe.signals, recipe.decisions.map { guarded(it, guards, it.name in shadow) }) }
}

private fun guarded(decision: Decision, guards: Guards, inShadow: Boolean): Decision {
    if (decision.candidates.size < 2) return decision
    val held = if (guards == Guards.NONE) decision.selector else GuardedSelector(decision.selector, guards)
    return decision.with(if (inShadow) ShadowSelector(held) else held)
}
