package routercluster.policy.outcomes

import kotlin.math.roundToLong

/** Sums of linear models of [layout] for one [model]. */
data class LearntLayout(val model: String, val layout: Layout)

/**
 * What was known of models before anything was said here: imported, counted with what is said, and in no slice of time, so it leaves only when it is
 * replaced or its model falls.
 */
data class Priors(
    val verdicts: Map<String, VerdictSums> = emptyMap(),
    val contexts: Map<LearntLayout, ContextSums> = emptyMap(),
    val pairs: Map<ModelPair, PairSums> = emptyMap(),
) {
    val models: Set<String> get() = verdicts.keys + contexts.keys.map { it.model }

    operator fun plus(other: Priors) =
        Priors(
            verdicts.merged(other.verdicts, VerdictSums::plus),
            contexts.merged(other.contexts, ContextSums::plus),
            pairs.merged(other.pairs, PairSums::plus),
        )

    internal fun of(model: String) =
        Priors(verdicts.filterKeys { it == model }, contexts.filterKeys { it.model == model })

    /** Without what is known of [model], compared with others too. */
    internal fun without(model: String) =
        Priors(verdicts - model, contexts.filterKeys { it.model != model }, pairs.filterKeys { model !in it })

    companion object {
        val NONE = Priors()
    }
}

/**
 * What these statistics say, as what is known beforehand: as it is where it rests on no more than [weight] verdicts, else in the same proportions
 * with the weight of so many. So for each model's verdicts, its sums of linear models, and each pair. Of whenever it was said: what is old may be all
 * that there is.
 */
fun DecisionStatistics.asPriors(weight: Double): Priors {
    require(weight > 0.0) { "weight is $weight; expected more than 0" }
    val most = weight * VerdictSums.WHOLE
    val shrunk = { all: Long -> if (all > most) most / all else 1.0 }
    val judged = standing().mapValues { it.value + (priors.verdicts[it.key] ?: VerdictSums.NONE) } +
        priors.verdicts.filterKeys { model -> verdicts.keys.none { it.model == model } }
    val learnt = contexts.entries
        .groupBy { LearntLayout(it.key.model, it.key.layout) }
        .mapValues { (_, cells) -> cells.map { it.value }.reduce(ContextSums::plus) }
    return Priors(
        judged.filterValues { it.weight > 0 }.mapValues { (_, sums) -> sums.times(shrunk(sums.weight)) },
        learnt.merged(priors.contexts, ContextSums::plus).mapValues { (_, sums) -> sums.times(shrunk(sums.weight)) },
        pairs.byPair().merged(priors.pairs, PairSums::plus).mapValues { (_, sums) ->
            val factor = shrunk(sums.weight)
            PairSums((sums.first * factor).roundToLong(), (sums.second * factor).roundToLong())
        },
    )
}

private fun VerdictSums.times(factor: Double) =
    VerdictSums(
        (goodFit * factor).roundToLong(),
        (underpowered * factor).roundToLong(),
        (overprovisioned * factor).roundToLong(),
        (failed * factor).roundToLong(),
    )
