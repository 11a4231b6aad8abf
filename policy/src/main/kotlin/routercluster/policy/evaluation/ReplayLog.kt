package routercluster.policy.evaluation

import routercluster.policy.Policy
import routercluster.policy.record.ActionNote
import routercluster.policy.record.Chances
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.chances

/**
 * What decision records say for an evaluation. Records are added one by one and not kept; all that is left of one is a [Trial] and what each
 * policy would have done. For one thread.
 *
 * @param policies by the names that reports show
 */
class ReplayLog(private val policies: Map<String, Policy>) {
    private val trials = mutableListOf<Trial>()
    private val targets = policies.mapValues { mutableListOf<Map<String, Double>>() }
    private val leftOut = LinkedHashMap<String, Int>()
    private val currencies = mutableSetOf<String>()

    /** Records that no estimate can use, by the reason in words. */
    val excluded: Map<String, Int> get() = leftOut
    val size: Int get() = trials.size

    fun add(record: DecisionRecord) {
        val reason = unusable(record) ?: addUsable(record)
        if (reason != null) leftOut.merge(reason, 1, Int::plus)
    }

    /** Null where it was added. */
    private fun addUsable(record: DecisionRecord): String? {
        val chosen = policies.mapValues { (name, policy) ->
            when (val chances = chances(record, policy)) {
                is Chances.Known -> chances.byModel
                is Chances.Unknown -> return "by $name, ${chances.reason}"
            }
        }
        trials += trialOf(record)
        chosen.forEach { (name, chances) -> targets.getValue(name) += chances }
        record.usage?.currency?.let(currencies::add)
        return null
    }

    private fun unusable(record: DecisionRecord): String? {
        val picked = record.picked
        val propensities = record.propensities
        return when {
            record.action.kind != ActionNote.Kind.FORWARD || picked == null -> "it went to no model"
            record.recipe == null -> "it named its model itself"
            record.end == null -> "its answer had not ended"
            propensities == null -> "the chance of its pick is not known"
            (propensities[picked] ?: 0.0) <= 0.0 -> "its pick was rarer than can be told"
            else -> null
        }
    }

    private fun trialOf(record: DecisionRecord): Trial {
        val stratum = "${record.recipe}/${record.decision.orEmpty()}"
        return Trial(stratum, requireNotNull(record.picked), requireNotNull(record.propensities), resultsOf(record))
    }

    /**
     * Estimates what each policy would have come to, and beside them what each model alone would have, as far as the log could have picked it.
     */
    fun evaluate(seed: Long): Evaluation {
        val alone = trials
            .flatMap { it.propensities.keys }
            .distinct()
            .sorted()
            .take(MODELS_MAX)
            .map { model -> Contender("always $model", trials.map { mapOf(model to 1.0) }, isReference = true) }
        return evaluate(trials, policies.keys.map { Contender(it, targets.getValue(it)) } + alone, seed)
    }

    /** What an operator should know of the log, one a line. */
    fun notes(): List<String> =
        listOf("${trials.size} choices are used.") +
            leftOut.map { (reason, count) -> "$count are left out: $reason." } +
            listOfNotNull(
                "Costs are in several currencies and not converted: ${currencies.joinToString()}.".takeIf { currencies.size > 1 },
            ) +
            "Quality is of the choices that somebody judged; where feedback depends on the model, so does the estimate."

    private companion object {
        const val MODELS_MAX = 50
    }
}

/** What is known of what came of [record]. */
internal fun resultsOf(record: DecisionRecord): Map<Metric, Double> {
    val results = LinkedHashMap<Metric, Double>()
    val verdicts = record.verdicts
    if (verdicts.weight > 0) results[Metric.QUALITY] = 1 - verdicts.bad.toDouble() / verdicts.weight
    record.end?.let { end ->
        results[Metric.SUCCESS] = if (end.isGood) 1.0 else 0.0
        if (end.isGood) results[Metric.LATENCY] = end.total.toNanos() / NANOS_PER_MILLI
    }
    record.usage?.cost?.let { results[Metric.COST] = it }
    return results
}

private const val NANOS_PER_MILLI = 1e6
