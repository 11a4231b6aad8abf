package routercluster.policy.outcomes.file

import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Priors
import routercluster.policy.outcomes.asPriors

/** What becomes of what a decision knows already. */
enum class ImportMode {
    /** The file's in its place. */
    REPLACE,

    /** Both, added up. */
    MERGE,

    /** It stays, and what the file says counts as known beforehand, with a bounded weight; see [Priors]. */
    PRIOR,
}

/**
 * One step of an import into one decision: what is said of one [model], or of models compared with each other where it is null. Each is durable by
 * itself and harmless when it comes twice, so an import that stops half-way is done again as a whole.
 *
 * @property id of the import; a [ImportMode.MERGE] with the same one counts once
 */
class ImportPart(val id: String, val mode: ImportMode, val model: String?, val statistics: DecisionStatistics) {
    /** [known] with this, whether or not it came before. */
    fun into(known: DecisionStatistics): DecisionStatistics =
        when (mode) {
            ImportMode.REPLACE -> known.without(model) + statistics
            ImportMode.MERGE -> known + statistics
            ImportMode.PRIOR -> known.copy(priors = known.priors.lessOf(model) + statistics.priors)
        }
}

/**
 * The parts of an import of [file] into a decision that knows [known].
 *
 * @param candidates models of the decision; what the file says of others is left out
 * @param weight of [ImportMode.PRIOR], in verdicts, above 0
 */
fun importParts(
    id: String,
    mode: ImportMode,
    weight: Double,
    file: DecisionStatistics,
    known: DecisionStatistics,
    candidates: Set<String>,
): List<ImportPart> {
    val said = if (mode == ImportMode.PRIOR) DecisionStatistics(priors = file.asPriors(weight)) else file
    val models = said.modelNames().filter { it in candidates }
    val gone = if (mode == ImportMode.REPLACE) known.modelNames() - models.toSet() else emptySet()
    val compared = said.comparisons(candidates)
    val none = DecisionStatistics.NONE
    val hasComparisons = compared != none || (mode == ImportMode.REPLACE && known.comparisons(null) != none)
    return models.map { ImportPart(id, mode, it, said.of(it)) } +
        gone.map { ImportPart(id, mode, it, DecisionStatistics.NONE) } +
        listOfNotNull(ImportPart(id, mode, null, compared).takeIf { hasComparisons })
}

/** Models that something is said of by itself, not only beside another. */
fun DecisionStatistics.modelNames(): Set<String> =
    (performance.keys + verdicts.keys + recent.keys).mapTo(LinkedHashSet()) { it.model } + contexts.keys.map { it.model } + falls.keys +
        priors.models

/** What is said of [model] by itself. */
fun DecisionStatistics.of(model: String) =
    DecisionStatistics(
        performance.filterKeys { it.model == model },
        verdicts.filterKeys { it.model == model },
        recent.filterKeys { it.model == model },
        contexts.filterKeys { it.model == model },
        falls = falls.filterKeys { it == model },
        priors = priors.of(model),
    )

/** Comparisons alone, of pairs of [models]; null is of all. */
fun DecisionStatistics.comparisons(models: Set<String>?): DecisionStatistics {
    val isWanted = { first: String, second: String -> models == null || (first in models && second in models) }
    return DecisionStatistics(
        pairs = pairs.filterKeys { isWanted(it.pair.first, it.pair.second) },
        priors = Priors(pairs = priors.pairs.filterKeys { isWanted(it.first, it.second) }),
    )
}

private fun DecisionStatistics.without(model: String?): DecisionStatistics =
    if (model == null) {
        copy(pairs = emptyMap(), priors = priors.lessOf(null))
    } else {
        copy(
            performance = performance.filterKeys { it.model != model },
            verdicts = verdicts.filterKeys { it.model != model },
            recent = recent.filterKeys { it.model != model },
            contexts = contexts.filterKeys { it.model != model },
            falls = falls - model,
            priors = priors.lessOf(model),
        )
    }

private fun Priors.lessOf(model: String?): Priors =
    if (model == null) copy(pairs = emptyMap()) else copy(verdicts = verdicts - model, contexts = contexts.filterKeys { it.model != model })
