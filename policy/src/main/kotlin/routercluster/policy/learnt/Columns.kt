package routercluster.policy.learnt

/**
 * The rows of a matrix, column by column, for products with all rows at once: one number of a point meets the same column of every row, and
 * such a loop the JVM runs on vector registers, which a sum along a row it does not. A copy: what is later written to the matrix is not seen.
 */
internal class Columns(matrix: Matrix) {
    private val rows = matrix.rows
    private val columns = (matrix.columns + TOGETHER - 1) / TOGETHER * TOGETHER
    private val values = FloatArray(rows * columns) { if (it / rows < matrix.columns) matrix[it % rows, it / rows] else 0f }

    /** Inner product of each row and [point]. */
    fun dots(point: FloatArray): FloatArray = sums(point) { own, other -> own * other }

    /** Squared Euclidean distance between each row and [point]. */
    fun distances(point: FloatArray): FloatArray = sums(point) { own, other -> square(own - other) }

    /** Of [term] over the columns, some columns at a time, so that a sum is not fetched and put back for each. */
    private inline fun sums(point: FloatArray, term: (Float, Float) -> Float): FloatArray {
        val sums = FloatArray(rows)
        val padded = point.copyOf(columns)
        for (column in 0 until columns step TOGETHER) {
            val a = column * rows
            val b = a + rows
            val c = b + rows
            val d = c + rows
            val pa = padded[column]
            val pb = padded[column + 1]
            val pc = padded[column + 2]
            val pd = padded[column + 3]
            for (row in 0 until rows) {
                sums[row] += term(values[a + row], pa) + term(values[b + row], pb) + (term(values[c + row], pc) + term(values[d + row], pd))
            }
        }
        return sums
    }

    private companion object {
        const val TOGETHER = 4
    }
}
