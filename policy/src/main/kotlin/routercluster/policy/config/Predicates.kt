package routercluster.policy.config

import routercluster.policy.decisions.Predicate

private val bounds = -1e15..1e15

/**
 * Reads and closes a `predicate` section: any of `gt`, `gte`, `lt` and `lte`, at least one.
 *
 * @return null after reporting what is wrong, bounds that nothing can lie between included
 */
fun readPredicate(section: Section): Predicate? {
    val before = section.problems.all.size
    val predicate = readBounds(section)
    section.close()
    if (predicate == Predicate() && section.problems.all.size == before) {
        section.problems.add(section.here, "has no bound", accepted = "at least one of gt, gte, lt, lte")
        return null
    }
    return predicate.takeIf { section.problems.all.size == before }
}

/** Reads the bounds of a section that may hold other keys too; without any of them every number lies within. */
internal fun readBounds(section: Section): Predicate? {
    val before = section.problems.all.size
    val predicate =
        Predicate(
            gt = section.double("gt", bounds),
            gte = section.double("gte", bounds),
            lt = section.double("lt", bounds),
            lte = section.double("lte", bounds),
        )
    if (section.problems.all.size != before) return null
    if (predicate.isEmpty()) {
        section.problems.add(section.here, "can never hold", predicate.written(), "a lower bound below the upper bound")
        return null
    }
    return predicate
}

private fun Predicate.isEmpty(): Boolean {
    val low = listOfNotNull(gt, gte).maxOrNull() ?: return false
    val high = listOfNotNull(lt, lte).minOrNull() ?: return false
    return low > high || (low == high && (low == gt || high == lt))
}

private fun Predicate.written(): String =
    listOf("gt" to gt, "gte" to gte, "lt" to lt, "lte" to lte).filter { it.second != null }.joinToString { "${it.first} ${it.second}" }
