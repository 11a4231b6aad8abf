package routercluster.policy.evaluation

/** How a policy's value is estimated from choices that another one made. */
enum class Estimator(val key: String) {
    /** Inverse propensity scoring (Horvitz and Thompson, 1952): the mean of weight · result. Right on average, and wild where weights are. */
    IPS("ips"),

    /** Self-normalised (Hájek, 1971): the sum of weight · result over the sum of weights. Slightly off, far calmer. */
    SNIPS("snips"),

    /**
     * Doubly robust (Robins, Rotnitzky and Zhao, 1994; Dudík, Langford and Li, 2011): the mean of what a model of results expects of the
     * policy, plus weight · (result − what it expects of the action). Right on average where either propensities or the model are.
     */
    DOUBLY_ROBUST("doubly_robust"),
}

/** Sums over choices, from which every [Estimator] follows; parts add up in any order. */
internal class Sums(
    val count: Double = 0.0,
    val weights: Double = 0.0,
    val weighted: Double = 0.0,
    val corrected: Double = 0.0,
) {
    operator fun plus(other: Sums) =
        Sums(count + other.count, weights + other.weights, weighted + other.weighted, corrected + other.corrected)

    /** NaN where nothing of the log speaks of the policy. */
    fun value(estimator: Estimator): Double =
        when (estimator) {
            Estimator.IPS -> weighted / count
            Estimator.SNIPS -> weighted / weights
            Estimator.DOUBLY_ROBUST -> corrected / count
        }

    companion object {
        /** Of [size] parts, without making a value for each. */
        inline fun of(size: Int, part: (Int) -> Sums): Sums {
            var count = 0.0
            var weights = 0.0
            var weighted = 0.0
            var corrected = 0.0
            for (i in 0 until size) {
                val sum = part(i)
                count += sum.count
                weights += sum.weights
                weighted += sum.weighted
                corrected += sum.corrected
            }
            return Sums(count, weights, weighted, corrected)
        }
    }
}

/**
 * What is expected of a model, by the choices of other folds than the one that is looked at, so that no result explains itself: the mean
 * of its stratum, else of all strata, else of all models.
 */
internal class Expectations(trials: List<Trial>, metric: Metric) {
    private class Mean {
        private var sum = 0.0
        private var count = 0
        val value: Double get() = sum / count

        fun add(result: Double) {
            sum += result
            count++
        }
    }

    private val byFold: List<Map<Pair<String?, String?>, Mean>>

    init {
        val sums = List(FOLDS) { HashMap<Pair<String?, String?>, Mean>() }
        trials.forEachIndexed { index, trial ->
            val result = trial.results.getValue(metric)
            val keys = listOf(trial.stratum to trial.action, null to trial.action, null to null)
            sums.forEachIndexed { fold, means ->
                if (fold != index % FOLDS) keys.forEach { key -> means.getOrPut(key) { Mean() }.add(result) }
            }
        }
        byFold = sums
    }

    /** Of [model] for the trial at [index]; 0 where there is no other trial at all. */
    fun of(index: Int, stratum: String, model: String): Double {
        val means = byFold[index % FOLDS]
        val mean = means[stratum to model] ?: means[null to model] ?: means[null to null]
        return mean?.value ?: 0.0
    }

    private companion object {
        const val FOLDS = 5
    }
}

/** The sums of one trial, the one at [index], for a policy with the chances [targets]. */
internal fun sums(index: Int, trial: Trial, targets: Map<String, Double>, metric: Metric, expected: Expectations): Sums {
    val weight = trial.weight(targets)
    val result = trial.results.getValue(metric)
    val direct = targets.entries.sumOf { (model, chance) -> if (chance > 0.0) chance * expected.of(index, trial.stratum, model) else 0.0 }
    val corrected = direct + weight * (result - expected.of(index, trial.stratum, trial.action))
    return Sums(1.0, weight, weight * result, corrected)
}
