package routercluster.policy.evaluation

/**
 * A policy as an evaluation sees it.
 *
 * @property targets for each trial the chance with which the policy picks each model, together 1
 * @property isReference whether it is shown beside the others and compared with none
 */
class Contender(val name: String, val targets: List<Map<String, Double>>, val isReference: Boolean = false)

/**
 * What a log says of one policy by one metric.
 *
 * @property estimates none where the log has no result at all
 */
class Finding(val policy: String, val metric: Metric, val overlap: Overlap, val estimates: Map<Estimator, Interval>) {
    /** Null where nothing can be concluded. */
    val best: Interval? get() = if (overlap.refusal == null) estimates[Estimator.DOUBLY_ROBUST] else null
}

/** How much more the policy [second] has of [metric] than [first], by the doubly robust estimate, draw by draw. */
class Difference(val first: String, val second: String, val metric: Metric, val by: Interval) {
    /** The better one; null where the interval holds 0. */
    val better: String?
        get() =
            when {
                by.low > 0.0 -> if (metric.isBetterHigh) second else first
                by.high < 0.0 -> if (metric.isBetterHigh) first else second
                else -> null
            }
}

/**
 * @property logged what was, by the log's own choices: a mean with its interval for each metric
 * @property findings policy by policy
 * @property differences of every later policy to the first, where both can be concluded
 */
class Evaluation(val logged: Map<Metric, Interval>, val findings: List<Finding>, val differences: List<Difference>) {
    fun finding(policy: String, metric: Metric): Finding? = findings.firstOrNull { it.policy == policy && it.metric == metric }
}

/**
 * Estimates what each of [contenders] would have come to on the choices of a log that they did not make. Pure: the same [seed] gives the
 * same intervals.
 */
fun evaluate(trials: List<Trial>, contenders: List<Contender>, seed: Long): Evaluation {
    contenders.forEach { require(it.targets.size == trials.size) { "${it.name} has ${it.targets.size} targets of ${trials.size} trials" } }
    val byMetric = Metric.entries.associateWith { MetricEvaluation(it, trials, contenders, seed) }
    return Evaluation(
        byMetric.mapNotNull { (metric, it) -> it.logged?.let { mean -> metric to mean } }.toMap(),
        contenders.flatMap { contender -> byMetric.values.map { it.finding(contender.name) } },
        byMetric.values.flatMap { it.differences() },
    )
}

private class MetricEvaluation(private val metric: Metric, trials: List<Trial>, private val contenders: List<Contender>, seed: Long) {
    private val places = trials.indices.filter { metric in trials[it].results }
    private val trials = places.map(trials::get)
    private val bootstrap = Bootstrap(places.size, seed)
    private val expected = Expectations(this.trials, metric)
    private val targets = contenders.associate { it.name to places.map(it.targets::get) }
    private val sums = targets.mapValues { (_, targets) ->
        this.trials.mapIndexed { index, trial -> sums(index, trial, targets[index], metric, expected) }
    }
    private val draws = sums.mapValues { (_, sums) -> bootstrap.draws(sums) }
    private val findings = contenders.associate { it.name to found(it.name) }

    val logged: Interval? =
        if (places.isEmpty()) {
            null
        } else {
            val own = this.trials.map { Sums(1.0, 1.0, it.results.getValue(metric)) }
            interval(own, bootstrap.draws(own), Estimator.IPS)
        }

    fun finding(policy: String): Finding = findings.getValue(policy)

    private fun found(policy: String): Finding {
        val overlap = Overlap.of(trials, targets.getValue(policy))
        val estimates = Estimator.entries.associateWith { interval(sums.getValue(policy), draws.getValue(policy), it) }
        return Finding(policy, metric, overlap, if (trials.isEmpty()) emptyMap() else estimates)
    }

    private fun interval(sums: List<Sums>, draws: List<Sums>, estimator: Estimator): Interval {
        val value = Sums.of(sums.size, sums::get).value(estimator)
        return Bootstrap.interval(value, draws.map { it.value(estimator) })
    }

    fun differences(): List<Difference> {
        val compared = contenders.filterNot { it.isReference }.map { it.name }
        val first = compared.firstOrNull() ?: return emptyList()
        return compared.drop(1).mapNotNull { second ->
            val before = findings.getValue(first).best
            val after = findings.getValue(second).best
            if (before == null || after == null) null else difference(first, second, after.value - before.value)
        }
    }

    private fun difference(first: String, second: String, by: Double): Difference {
        val values = draws.getValue(first).zip(draws.getValue(second)) { before, after ->
            after.value(Estimator.DOUBLY_ROBUST) - before.value(Estimator.DOUBLY_ROBUST)
        }
        return Difference(first, second, metric, Bootstrap.interval(by, values))
    }
}
