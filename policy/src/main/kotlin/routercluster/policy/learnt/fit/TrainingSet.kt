package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Matrix

/**
 * Requests as points, with what models' answers to them were worth.
 *
 * @property points a row a request
 * @property quality a row a request, a column a model: 0, bad, to 1, good; NaN where the model was not asked
 * @property cost likewise, in whatever unit the data has; NaN where that is not known
 */
class TrainingSet(val points: Matrix, val quality: Matrix, val cost: Matrix) {
    val rows: Int get() = points.rows
    val models: Int get() = quality.columns

    /** Mean quality of each model, of the requests that it was asked. */
    val means: DoubleArray = DoubleArray(models) { meanOf(quality, it) ?: Double.NaN }

    init {
        require(quality.rows == rows && cost.rows == rows && cost.columns == models) { "outcomes are of other requests" }
        require(means.none(Double::isNaN)) { "a model has no outcome" }
    }

    /** Mean cost of the model at [place]; null where none of its answers has one. */
    fun meanCost(place: Int): Double? = meanOf(cost, place)

    fun rowsAt(places: IntArray) = TrainingSet(points.rowsAt(places), quality.rowsAt(places), cost.rowsAt(places))

    private fun meanOf(table: Matrix, column: Int): Double? =
        (0 until table.rows)
            .map { table[it, column] }
            .filterNot(Float::isNaN)
            .takeIf { it.isNotEmpty() }
            ?.average()
}
