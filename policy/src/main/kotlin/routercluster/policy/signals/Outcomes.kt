package routercluster.policy.signals

import routercluster.policy.config.Section
import routercluster.policy.config.choose

/**
 * The outcome that the name of a rule stands for. The name is the outcome's, or ends with it after an underscore: recipes put a
 * word of their own before it so that names are told apart. The seed knows only the plain names, so rules of other names never
 * match there; what is taken for theirs is told as a notice.
 *
 * @param outcomes by each of their names, the longest of two that fit counts
 */
internal fun <E> Section.outcome(outcomes: Map<String, E>): E? {
    val name = text("name") ?: return null
    val ending = outcomes.keys.filter { name.value.endsWith("_$it", ignoreCase = true) }.maxByOrNull { it.length }
    if (name.value in outcomes || ending == null) return choose(name, outcomes, emptyList(), problems)
    problems.notice(name.at, "ends with an outcome and is taken for $ending", name.value)
    return outcomes.getValue(ending)
}
