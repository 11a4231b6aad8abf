package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Clusters
import routercluster.policy.learnt.Matrix
import kotlin.random.Random

/** @property near clusters that tell of a request */
internal data class ClusterSettings(val clusters: Int, val near: Int)

/** Requests that a model's mean over all counts as in each cluster. */
private const val PRIOR = 20.0

internal fun fitClusters(set: TrainingSet, settings: ClusterSettings, random: Random): Clusters {
    val grouping = kMeans(set.points, settings.clusters, random)
    val costs = (0 until set.models).map(set::meanCost)
    val cost = if (null in costs) null else byGroup(set.cost, grouping, costs.filterNotNull().toDoubleArray())
    val near = minOf(settings.near, grouping.centres.rows)
    return Clusters(grouping.centres, byGroup(set.quality, grouping, set.means), cost, near)
}

/** (sum of what is known in the group + [PRIOR] * mean) / (its number + [PRIOR]), a row a group, a column a model. */
private fun byGroup(table: Matrix, grouping: Grouping, means: DoubleArray): Matrix {
    val sums = Array(grouping.centres.rows) { DoubleArray(table.columns) { PRIOR * means[it] } }
    val counts = Array(grouping.centres.rows) { DoubleArray(table.columns) { PRIOR } }
    for (row in 0 until table.rows) {
        for (column in 0 until table.columns) {
            val value = table[row, column]
            if (value.isNaN()) continue
            sums[grouping.of[row]][column] += value.toDouble()
            counts[grouping.of[row]][column] += 1.0
        }
    }
    val result = Matrix(sums.size, table.columns)
    for (group in sums.indices) {
        for (column in means.indices) {
            result[group, column] =
                (sums[group][column] / counts[group][column]).toFloat()
        }
    }
    return result
}
