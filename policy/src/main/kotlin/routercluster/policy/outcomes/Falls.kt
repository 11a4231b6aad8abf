package routercluster.policy.outcomes

import java.time.Instant

/**
 * When the verdicts on a model fell for the last time. What was said before speaks of a model that is no more, so it counts for nothing: the
 * model's share starts again with what was said since, and has to be earned anew. What was said stays in the sums all the same, so that a model
 * which is tried again and is still bad is frozen again at once.
 *
 * @property slice of [DecisionStatistics.RECENT_SLICE] at whose beginning they fell
 * @property before what was said until then, by slices of [DecisionStatistics.VERDICT_SLICE]
 */
data class Fall(val slice: Long, val before: Map<Long, VerdictSums>) {
    /** Of sums that are added up: what counts in neither of them does not count in both. */
    operator fun plus(other: Fall) = Fall(maxOf(slice, other.slice), before.merged(other.before, VerdictSums::plus))
}

/**
 * Without what has left its window at [now], and with the falls since the last look. A fall is a [Freeze] by verdicts since the last fall, whether
 * or not a policy freezes. For whoever owns the whole sums: parts of them cannot tell.
 *
 * Sums of a linear model cannot be taken apart within days: they begin anew with the verdicts since the fall, which count for the constant alone, as
 * if they spoke of requests in general. Comparisons with other models, and what was known before, are of a model that is no more.
 */
fun DecisionStatistics.settled(now: Instant): DecisionStatistics {
    val kept = since(now)
    val models = kept.recent.keys.mapTo(LinkedHashSet()) { it.model }
    return models.fold(kept) { statistics, model -> statistics.fallOf(model)?.let { statistics.fallen(model, it) } ?: statistics }
}

/** What is said of each model since it last fell. */
internal fun DecisionStatistics.standing(): Map<String, VerdictSums> =
    verdicts.mapValues { (cell, sums) -> sums - (falls[cell.model]?.before?.get(cell.slice) ?: VerdictSums.NONE) }.sums(VerdictSums::plus)

/** The slice at whose beginning [model] has fallen since its last fall; null where it has not. */
private fun DecisionStatistics.fallOf(model: String): Long? {
    val first = falls[model]?.slice ?: Long.MIN_VALUE
    val whole = standing()[model] ?: return null
    return verdictRise(recent.filterKeys { it.model == model && it.slice >= first }, whole)?.slice
}

private fun DecisionStatistics.fallen(model: String, slice: Long): DecisionStatistics {
    val since = recent.filterKeys { it.model == model && it.slice >= slice }
    val byDay = HashMap<Long, VerdictSums>()
    since.forEach { (cell, sums) -> byDay.merge(Math.floorDiv(cell.slice, RECENT_PER_VERDICT_SLICE), sums, VerdictSums::plus) }
    val before = verdicts
        .filterKeys { it.model == model }
        .map { (cell, sums) -> cell.slice to sums - (byDay[cell.slice] ?: VerdictSums.NONE) }
        .filter { (_, sums) -> sums.weight > 0 }
        .toMap()
    val all = byDay.values.fold(VerdictSums.NONE, VerdictSums::plus)
    val (own, others) = contexts.entries.partition { it.key.model == model }
    val anew = own.groupBy { it.key.layout }.mapNotNull { (layout, cells) ->
        val last = cells.maxOf { it.key.slice }
        if (all.weight == 0L) null else ContextCell(last, model, layout) to ContextSums.of(ContextPoint.ofConstant(layout), all)
    }
    return copy(
        contexts = others.associate { it.key to it.value } + anew,
        pairs = pairs.filterKeys { model !in it.pair },
        falls = falls + (model to Fall(slice, before)),
        priors = priors.without(model),
    )
}

private val RECENT_PER_VERDICT_SLICE = DecisionStatistics.VERDICT_SLICE.dividedBy(DecisionStatistics.RECENT_SLICE)
