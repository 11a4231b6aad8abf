package routercluster.policy.learnt

/**
 * Numbers in rows, one row after another.
 *
 * @property values of the first row, then of the second, and so on
 */
class Matrix(val rows: Int, val columns: Int, val values: FloatArray = FloatArray(rows * columns)) {
    init {
        require(values.size == rows * columns) { "${values.size} numbers are not $rows rows of $columns" }
    }

    operator fun get(row: Int, column: Int): Float = values[row * columns + column]

    operator fun set(row: Int, column: Int, value: Float) {
        values[row * columns + column] = value
    }

    fun row(row: Int): FloatArray = values.copyOfRange(row * columns, (row + 1) * columns)

    /** The rows at [places], in their order. */
    fun rowsAt(places: IntArray): Matrix {
        val picked = Matrix(places.size, columns)
        places.forEachIndexed { to, from -> values.copyInto(picked.values, to * columns, from * columns, (from + 1) * columns) }
        return picked
    }

    /** Inner product of [row] and [point]. */
    fun dot(row: Int, point: FloatArray): Float = sum(row, point) { own, other -> own * other }

    /** Squared Euclidean distance between [row] and [point]. */
    fun distance(row: Int, point: FloatArray): Float = sum(row, point) { own, other -> square(own - other) }

    /** Of [term] over the columns. Four sums, so that one addition need not wait for the one before. */
    private inline fun sum(row: Int, point: FloatArray, term: (Float, Float) -> Float): Float {
        val start = row * columns
        val even = columns - columns % LANES
        var a = 0f
        var b = 0f
        var c = 0f
        var d = 0f
        for (i in 0 until even step LANES) {
            a += term(values[start + i], point[i])
            b += term(values[start + i + 1], point[i + 1])
            c += term(values[start + i + 2], point[i + 2])
            d += term(values[start + i + 3], point[i + 3])
        }
        for (i in even until columns) a += term(values[start + i], point[i])
        return a + b + (c + d)
    }

    /** The row that is nearest to [point]; of equal ones the first. */
    fun nearest(point: FloatArray): Int = (0 until rows).minBy { distance(it, point) }

    private companion object {
        const val LANES = 4
    }
}

internal fun square(number: Float): Float = number * number
