package routercluster.policy.outcomes

import java.time.Duration
import java.time.Instant

/** The sums of one [model] over one slice of time; [slice] counts slices since 1970. */
data class Cell(val slice: Long, val model: String)

/** The sums of one [model] over points of one [layout] and one slice of time. */
data class ContextCell(val slice: Long, val model: String, val layout: Layout)

/**
 * What one decision's models did, in slices of time: old slices are dropped as a whole, and what is left is a sum still. Performance
 * is forgotten within minutes, since a slow model may be quick again; verdicts last for weeks, since they are few.
 *
 * @property recent the verdicts of the last hours once more, in slices short enough to tell when a model fell
 * @property pairs what models came to that were compared with each other
 * @property priors what was known before
 * @property falls when verdicts on a model fell for the last time: what was said before does not count any more
 */
data class DecisionStatistics(
    val performance: Map<Cell, Performance> = emptyMap(),
    val verdicts: Map<Cell, VerdictSums> = emptyMap(),
    val recent: Map<Cell, VerdictSums> = emptyMap(),
    val contexts: Map<ContextCell, ContextSums> = emptyMap(),
    val pairs: Map<PairCell, PairSums> = emptyMap(),
    val falls: Map<String, Fall> = emptyMap(),
    val priors: Priors = Priors.NONE,
) {
    val isEmpty: Boolean get() = cells == 0 && priors == Priors.NONE

    /** Slices of models and of pairs. */
    val cells: Int get() = performance.size + verdicts.size + recent.size + contexts.size + pairs.size

    operator fun plus(other: DecisionStatistics) =
        DecisionStatistics(
            performance.merged(other.performance, Performance::plus),
            verdicts.merged(other.verdicts, VerdictSums::plus),
            recent.merged(other.recent, VerdictSums::plus),
            contexts.merged(other.contexts, ContextSums::plus),
            pairs.merged(other.pairs, PairSums::plus),
            falls.merged(other.falls, Fall::plus),
            priors + other.priors,
        )

    /** Without the slices that have left their window at [now]. */
    fun since(now: Instant): DecisionStatistics =
        DecisionStatistics(
            performance.filterKeys { it.slice > slice(now, PERFORMANCE_SLICE) - PERFORMANCE_SLICES },
            verdicts.filterKeys { it.slice > slice(now, VERDICT_SLICE) - VERDICT_SLICES },
            recent.filterKeys { it.slice > slice(now, RECENT_SLICE) - RECENT_SLICES },
            contexts.filterKeys { it.slice > slice(now, CONTEXT_SLICE) - CONTEXT_SLICES },
            pairs.filterKeys { it.slice > slice(now, VERDICT_SLICE) - VERDICT_SLICES },
            falls.mapNotNull { (model, fall) -> fall.since(verdictSlices(now).first)?.let { model to it } }.toMap(),
            priors,
        )

    /**
     * Without the people, whose sums are those of one number, that were heard of least recently, so that [PEOPLE_MAX] are left. Sums of
     * theirs that were added to last come last.
     */
    internal fun withFewerPeople(): DecisionStatistics {
        val people = contexts.keys.map { it.layout }.filter { it.size == 1 }
        if (people.size <= PEOPLE_MAX) return this
        val latest = people.withIndex().associate { (place, layout) -> layout to place }
        if (latest.size <= PEOPLE_MAX) return this
        val left = latest.entries
            .sortedBy { it.value }
            .take(latest.size - PEOPLE_MAX)
            .mapTo(HashSet()) { it.key }
        return copy(contexts = contexts.filterKeys { it.layout !in left })
    }

    /** With [more], which comes last among its kind. */
    internal fun hearing(more: DecisionStatistics): DecisionStatistics {
        val others = contexts - more.contexts.keys
        val again = more.contexts.mapValues { (cell, sums) -> contexts[cell]?.plus(sums) ?: sums }
        return (copy(contexts = emptyMap()) + more.copy(contexts = emptyMap())).copy(contexts = others + again).withFewerPeople()
    }

    private fun Fall.since(first: Long): Fall? =
        if (before.keys.all { it >= first }) this else copy(before = before.filterKeys { it >= first }).takeIf { it.before.isNotEmpty() }

    /** The sums of every model over the windows that end at [now]. */
    fun models(now: Instant): Map<String, ModelStatistics> {
        val kept = since(now)
        val performances = kept.performance.sums(Performance::plus)
        val said = kept.verdicts.sums(VerdictSums::plus)
        val judged = kept.standing().merged(priors.verdicts, VerdictSums::plus)
        val attempts = kept.performance.entries.groupBy { it.key.model }
        val lately = kept.recent.entries
            .groupBy({ it.key.model }, { it.toPair() })
            .mapValues { it.value.toMap() }
        val learnt = kept.learnt()
        val ratings = ratings(judged, kept.pairs.byPair().merged(priors.pairs, PairSums::plus))
        return (performances.keys + judged.keys + learnt.keys + ratings.keys).associateWith { model ->
            val worse = verdictRise(lately[model].orEmpty(), said[model] ?: VerdictSums.NONE)?.freeze(FreezeCause.VERDICTS)
            ModelStatistics(
                performances[model] ?: Performance.NONE,
                judged[model] ?: VerdictSums.NONE,
                moreErrors(attempts[model].orEmpty()) ?: worse,
                learnt[model].orEmpty(),
                ratings[model],
            )
        }
    }

    private fun learnt(): Map<String, Map<Layout, ContextSums>> {
        val learnt = HashMap<String, HashMap<Layout, ContextSums>>()
        val add = { model: String, layout: Layout, sums: ContextSums ->
            learnt.getOrPut(model) { HashMap() }.merge(layout, sums, ContextSums::plus)
        }
        contexts.forEach { (cell, sums) -> add(cell.model, cell.layout, sums) }
        priors.contexts.forEach { (of, sums) -> add(of.model, of.layout, sums) }
        return learnt
    }

    private fun moreErrors(slices: List<Map.Entry<Cell, Performance>>): Freeze? {
        val shares = slices.map { (cell, sums) ->
            Share(
                cell.slice,
                sums.failures.values
                    .sum()
                    .toDouble(),
                sums.attempts.toDouble(),
            )
        }
        return riseIn(shares.sortedBy { it.slice })?.freeze(FreezeCause.ERRORS)
    }

    companion object {
        val NONE = DecisionStatistics()

        val PERFORMANCE_SLICE: Duration = Duration.ofMinutes(1)
        const val PERFORMANCE_SLICES = 15
        val VERDICT_SLICE: Duration = Duration.ofDays(1)
        const val VERDICT_SLICES = 30
        val RECENT_SLICE: Duration = Duration.ofMinutes(10)
        const val RECENT_SLICES = 18

        /** Wider than those of verdicts, since these sums are some hundred times as large; together they last as long. */
        val CONTEXT_SLICE: Duration = Duration.ofDays(5)
        const val CONTEXT_SLICES = 6

        /** People of one decision of whom sums of their own are kept. */
        const val PEOPLE_MAX = 256

        fun of(outcome: AttemptOutcome) =
            DecisionStatistics(performance = mapOf(Cell(slice(outcome.at, PERFORMANCE_SLICE), outcome.model) to Performance.of(outcome)))

        fun of(feedback: Feedback): DecisionStatistics {
            if (feedback.against != null) return ofComparison(ModelPair(feedback.model, feedback.against), feedback)
            val verdicts = ofVerdicts(feedback.model, feedback.sums, feedback.at)
            val point = feedback.context ?: return verdicts
            val cell = ContextCell(slice(feedback.at, CONTEXT_SLICE), feedback.model, point.layout)
            return verdicts.copy(contexts = mapOf(cell to ContextSums.of(point, feedback.sums)))
        }

        private fun ofComparison(pair: ModelPair, feedback: Feedback) =
            DecisionStatistics(
                pairs = mapOf(
                    PairCell(slice(feedback.at, VERDICT_SLICE), pair) to PairSums(feedback.sums.goodFit, feedback.sums.bad),
                ),
            )

        fun ofVerdicts(model: String, sums: VerdictSums, at: Instant) =
            DecisionStatistics(
                verdicts = mapOf(Cell(slice(at, VERDICT_SLICE), model) to sums),
                recent = mapOf(Cell(slice(at, RECENT_SLICE), model) to sums),
            )

        /** The slices that verdicts count in at [now]; the last is that of [now] itself. */
        fun verdictSlices(now: Instant): LongRange = slice(now, VERDICT_SLICE).let { it - VERDICT_SLICES + 1..it }

        private fun slice(at: Instant, width: Duration): Long = Math.floorDiv(at.epochSecond, width.toSeconds())
    }
}

internal fun <K, V : Any> Map<K, V>.merged(other: Map<K, V>, plus: (V, V) -> V): Map<K, V> {
    if (other.isEmpty()) return this
    val sums = LinkedHashMap(this)
    other.forEach { (key, value) -> sums.merge(key, value, plus) }
    return sums
}

internal fun <V : Any> Map<Cell, V>.sums(plus: (V, V) -> V): Map<String, V> {
    val sums = HashMap<String, V>()
    forEach { (cell, value) -> sums.merge(cell.model, value, plus) }
    return sums
}

/**
 * Where the share of bad verdicts on one model has risen.
 *
 * @param lately in the last hours, of those that are
 * @param whole all of them
 */
internal fun verdictRise(lately: Map<Cell, VerdictSums>, whole: VerdictSums): Rise? {
    val shares = lately.map { (cell, sums) -> sums.share(cell.slice) }.sortedBy { it.slice }
    val all = whole.share(0)
    // Of the same verdicts, so never below 0 but where days were forgotten and hours were not.
    val earlier = Share(0, (all.bad - shares.sumOf { it.bad }).coerceAtLeast(0.0), (all.all - shares.sumOf { it.all }).coerceAtLeast(0.0))
    return riseIn(shares, earlier)
}

private fun VerdictSums.share(slice: Long) =
    Share(slice, bad.toDouble() / VerdictSums.WHOLE, (goodFit + bad).toDouble() / VerdictSums.WHOLE)
