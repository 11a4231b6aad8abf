package routercluster.inference.batch

import kotlin.math.abs

/**
 * Rows that wait, and the choice of those that go next. Not thread-safe; time is handed in.
 *
 * @param tokens most tokens of a batch, padding included
 * @param rows most rows of a batch
 */
internal class RowQueue(private val tokens: Int, private val rows: Int) {
    private val waiting = ArrayList<Row>()

    /** Tokens that wait. */
    var load = 0L
        private set

    val isEmpty: Boolean get() = waiting.isEmpty()

    fun add(row: Row) {
        waiting += row
        load += row.window.size
    }

    /**
     * The row that is due, and with it those nearest to it in length, as many as fit. Rows that nobody waits for any more are dropped.
     *
     * @return empty where nothing is left
     */
    fun take(now: Long): List<Row> {
        waiting.removeAll { row -> (row.owner.isOver || row.deadline - now <= 0).also { if (it) load -= row.window.size } }
        val due = waiting.minByOrNull(Row::rank) ?: return emptyList()
        val batch = if (due.alone) listOf(due) else fill(due)
        val taken = batch.toHashSet()
        waiting.removeAll { it in taken }
        batch.forEach { load -= it.window.size }
        return batch
    }

    /** Empties it. */
    fun drain(): List<Row> = waiting.toList().also {
        waiting.clear()
        load = 0
    }

    private fun fill(due: Row): List<Row> {
        val length = due.window.size
        val nearest = compareBy<Row> { abs(it.window.size - length) }.thenBy(Row::rank)
        val near = waiting.filter { it !== due && !it.alone }.sortedWith(nearest)
        val batch = arrayListOf(due)
        var longest = length
        var real = length
        for (row in near) {
            if (batch.size == rows) break
            val size = row.window.size
            val area = (batch.size + 1) * maxOf(longest, size)
            // A short row can still fit where a long one no longer does.
            if (area > tokens || area - (real + size) > area / PADDING_SHARE) continue
            batch += row
            longest = maxOf(longest, size)
            real += size
        }
        return batch
    }

    private companion object {
        /** At most one token in this many is padding. */
        const val PADDING_SHARE = 8
    }
}
