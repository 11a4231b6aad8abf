package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Estimator
import routercluster.policy.learnt.LearntKind
import kotlin.random.Random

/**
 * What is not left to cross-validation.
 *
 * @property gamma of the RBF kernel, over squared distances between points; null is the linear kernel
 */
data class Fixed(val neighbours: Int? = null, val clusters: Int? = null, val gamma: Double? = 1.0)

/**
 * An estimator with the settings that cross-validation chose.
 *
 * @property settings in words
 * @property errors of all settings that were tried; see [fit]
 */
class Fitted(val estimator: Estimator, val settings: String, val errors: Map<String, Double>)

/**
 * Fits an estimator of [kind]: every setting on each four of five parts, then the one with the least error on the fifth ones on all. The error
 * is the mean, over requests and models that were asked, of the squared difference between foretold and seen quality, each less its mean
 * over the request's models, since only what sets models apart decides.
 *
 * @param progress told what is being done
 */
fun fit(kind: LearntKind, set: TrainingSet, fixed: Fixed, seed: Int, progress: (String) -> Unit): Fitted =
    when (kind) {
        LearntKind.KNN -> knn(set.rows, fixed)
        LearntKind.KMEANS -> clusters(set.rows, fixed, sizes = listOf(8, 16, 32, 64), near = listOf(1))
        LearntKind.PARETO -> clusters(set.rows, fixed, sizes = listOf(32, 64, 128), near = listOf(3, 8))
        LearntKind.SVM -> svm(set.rows, fixed)
        LearntKind.MLP -> mlp()
    }.best(set, seed) { progress("${kind.key}: $it") }

private fun knn(rows: Int, fixed: Fixed): Trials<Int> {
    val most = maxOf(1, rows / 10)
    val counts = fixed.neighbours?.let(::listOf) ?: listOf(25, 50, 100, 200).map { minOf(it, most) }.distinct()
    return Trials(counts, { "$it neighbours" }) { set, some, random ->
        val index = fitNeighbours(set, some.first(), random)
        some.map(index::asking)
    }
}

private fun clusters(rows: Int, fixed: Fixed, sizes: List<Int>, near: List<Int>): Trials<ClusterSettings> {
    val counts = fixed.clusters?.let(::listOf) ?: sizes.map { minOf(it, maxOf(1, rows / 10)) }.distinct()
    val settings = counts.flatMap { count -> near.map { ClusterSettings(count, it) } }
    return Trials(settings, { "${it.clusters} clusters, ${it.near} near" }) { set, some, random ->
        some.map { fitClusters(set, it, random) }
    }
}

private fun svm(rows: Int, fixed: Fixed): Trials<KernelSettings> {
    val settings = listOf(1.0, 3.0, 10.0, 30.0).map { KernelSettings(fixed.gamma, it, minOf(LANDMARKS, maxOf(1, rows / 2))) }
    return Trials(settings, { "ridge ${it.ridge}, gamma ${it.gamma}, ${it.landmarks} landmarks" }, ::fitKernels)
}

private fun mlp(): Trials<PerceptronSettings> {
    val settings = listOf(10, 20, 40).map { PerceptronSettings(HIDDEN, it, DECAY) }
    return Trials(settings, { "${it.hidden} hidden, ${it.epochs} epochs, decay ${it.decay}" }) { set, some, random ->
        some.map { fitPerceptron(set, it, random) }
    }
}

private const val LANDMARKS = 1_024
private const val HIDDEN = 32
private const val DECAY = 0.1

/** @property fitAll fits several settings, which may share work */
private class Trials<S>(
    private val settings: List<S>,
    private val words: (S) -> String,
    private val fitAll: (TrainingSet, List<S>, Random) -> List<Estimator>,
) {
    fun best(set: TrainingSet, seed: Int, progress: (String) -> Unit): Fitted {
        val errors = if (settings.size == 1) emptyMap() else errors(set, seed, progress)
        val best = settings.minBy { errors[it] ?: 0.0 }
        progress("all requests, ${words(best)}")
        return Fitted(fitAll(set, listOf(best), Random(seed)).single(), words(best), errors.mapKeys { words(it.key) })
    }

    private fun errors(set: TrainingSet, seed: Int, progress: (String) -> Unit): Map<S, Double> {
        val order = drawn(set.rows, set.rows, Random(seed))
        val sums = DoubleArray(settings.size)
        repeat(PARTS) { part ->
            progress("part ${part + 1} of $PARTS")
            val (held, rest) = order.indices.partition { it % PARTS == part }.let { (a, b) -> a.map(order::get) to b.map(order::get) }
            val estimators = fitAll(set.rowsAt(rest.toIntArray()), settings, Random(seed))
            estimators.forEachIndexed { index, estimator -> sums[index] += held.sumOf { errorOf(estimator, set, it) } }
        }
        return settings.withIndex().associate { (index, setting) -> setting to sums[index] / set.rows }
    }
}

private const val PARTS = 5

private fun errorOf(estimator: Estimator, set: TrainingSet, row: Int): Double {
    val foretold = estimator.forecast(set.points.row(row)).quality
    val gaps = foretold.indices.filterNot { set.quality[row, it].isNaN() }.map { foretold[it] - set.quality[row, it] }
    if (gaps.isEmpty()) return 0.0
    val mean = gaps.average()
    return gaps.sumOf { (it - mean) * (it - mean) } / gaps.size
}
