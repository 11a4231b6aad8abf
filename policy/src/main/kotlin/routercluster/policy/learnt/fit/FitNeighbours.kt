package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Neighbours
import kotlin.math.abs
import kotlin.math.roundToInt
import kotlin.math.sqrt
import kotlin.random.Random

/** Neighbours that a model's mean over all counts as. */
private const val PRIOR = 10.0

/** Requests whose lists are found by k-means; more are put into these lists. */
private const val CENTRES_FROM_MAX = 20_000

/** As many lists as the root of the number of requests, so that finding the lists and looking through one of them take about as long. */
internal fun fitNeighbours(set: TrainingSet, neighbours: Int, random: Random): Neighbours {
    val sample = if (set.rows <= CENTRES_FROM_MAX) set.points else set.points.rowsAt(drawn(set.rows, CENTRES_FROM_MAX, random))
    val centres = kMeans(sample, sqrt(set.rows.toDouble()).roundToInt(), random).centres
    val list = IntArray(set.rows) { centres.nearest(set.points.row(it)) }
    val order = (0 until set.rows).sortedBy { list[it] }
    val starts = IntArray(centres.rows + 1)
    list.forEach { starts[it + 1]++ }
    for (i in 1 until starts.size) starts[i] += starts[i - 1]
    val step = set.points.values.maxOf(::abs) / Byte.MAX_VALUE
    val columns = set.points.columns
    return Neighbours(
        ByteArray(set.rows * columns) { Neighbours.quantised(set.points[order[it / columns], it % columns], step) },
        step,
        centres,
        starts,
        ByteArray(set.rows * set.models) { Neighbours.outcome(set.quality[order[it / set.models], it % set.models]) },
        FloatArray(set.models) { set.means[it].toFloat() },
        neighbours,
        PRIOR,
    )
}

/** [count] different numbers below [size]. */
internal fun drawn(size: Int, count: Int, random: Random): IntArray =
    IntArray(size) { it }.also { it.shuffle(random) }.copyOf(minOf(size, count))
