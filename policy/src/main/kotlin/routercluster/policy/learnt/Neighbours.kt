package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode
import kotlin.math.roundToInt

/**
 * Known requests with the quality that models' answers to them had. A request is told by its nearest ones: a model's quality is
 * (sum of theirs + [prior] * its mean over all) / (their number + [prior]), of those neighbours that the model was asked.
 *
 * The requests lie in lists, each around a centre. Lists are looked through from the nearest on until [scanned] requests have been seen, so
 * that the time does not grow with their number (an inverted file; Jégou, Douze and Schmid, 2011). Up to so many requests the search is
 * exact.
 *
 * @property points 8-bit numbers, a row a request, in the order of the lists
 * @property step what one of these numbers stands for
 * @property starts where each list begins among the points, and at last their number
 * @property outcomes a row a request: quality in 254 steps, or [UNKNOWN]
 * @property means of each model
 * @property neighbours that are asked
 * @property prior above 0: how many neighbours the mean over all counts as
 */
class Neighbours(
    val points: ByteArray,
    val step: Float,
    val centres: Matrix,
    val starts: IntArray,
    val outcomes: ByteArray,
    val means: FloatArray,
    val neighbours: Int,
    val prior: Double,
) : Estimator {
    private val columns = centres.columns
    private val byColumn = Columns(centres)
    private val squares = IntArray(starts.last()) { row -> (row * columns until (row + 1) * columns).sumOf { points[it] * points[it] } }

    /** Known requests. */
    val rows: Int = starts.last()

    /** Requests that are compared for one. */
    val scanned: Int = maxOf(SCANNED_MIN, neighbours * SCANNED_PER_NEIGHBOUR)

    /** As this one, asking another number of [neighbours]. */
    fun asking(neighbours: Int) = Neighbours(points, step, centres, starts, outcomes, means, neighbours, prior)

    override fun forecast(point: FloatArray): Forecast {
        val found = nearest(point)
        val quality = DoubleArray(means.size) { model ->
            var known = 0
            var sum = 0
            for (row in found) {
                val outcome = outcomes[row * means.size + model]
                if (outcome != UNKNOWN) {
                    known++
                    sum += outcome.toInt() and BYTE
                }
            }
            (sum / STEPS + prior * means[model]) / (known + prior)
        }
        return Forecast(quality)
    }

    /** The rows that are nearest to [point], in no order: as many as [neighbours], or all where there are fewer. */
    fun nearest(point: FloatArray): IntArray {
        val query = IntArray(columns) { quantised(point[it], step).toInt() }
        val best = NearestRows(minOf(neighbours, rows))
        val left = byColumn.distances(point)
        var seen = 0
        repeat(left.size) {
            if (seen >= scanned) return best.rows()
            val list = left.indices.minBy { left[it] }
            left[list] = SEEN
            for (row in starts[list] until starts[list + 1]) best.offer(distance(row, query), row)
            seen += starts[list + 1] - starts[list]
        }
        return best.rows()
    }

    /** Squared distance less the query's own square, which is the same for all rows: so one operation less a number. */
    private fun distance(row: Int, query: IntArray): Int {
        val start = row * columns
        var product = 0
        for (i in 0 until columns) product += points[start + i] * query[i]
        return squares[row] - 2 * product
    }

    override fun write(json: ObjectNode) {
        json.put("neighbours", neighbours).put("prior", prior).put("step", step)
        json.putMatrix("centres", centres)
        starts.forEach(json.putArray("starts")::add)
        json.put("points", base64(points))
        json.put("outcomes", base64(outcomes))
        json.putVector("means", means)
    }

    companion object {
        /** Requests that are compared at least: enough for sets of this size to be searched exactly. */
        const val SCANNED_MIN = 2_000

        /** Of all that are compared, one in so many is kept. */
        const val SCANNED_PER_NEIGHBOUR = 20

        /** An outcome that is not known. */
        const val UNKNOWN: Byte = -1

        /** Comes after every distance, also after one that is infinite. */
        private const val SEEN = Float.NaN

        private const val STEPS = 254.0
        private const val BYTE = 0xff
        private const val NEIGHBOURS_MAX = 10_000

        internal fun quantised(number: Float, step: Float): Byte =
            (number / step).roundToInt().coerceIn(-Byte.MAX_VALUE, Byte.MAX_VALUE.toInt()).toByte()

        /** @param quality 0..1, or NaN for one that is not known */
        internal fun outcome(quality: Float): Byte = if (quality.isNaN()) UNKNOWN else (quality * STEPS).roundToInt().toByte()

        fun read(part: ArtifactPart, shape: Shape): Neighbours {
            val centres = part.matrix("centres", shape.features)
            val starts = part.ints("starts", centres.rows + 1)
            val rows = starts.last()
            if (starts.first() != 0 || starts.toList().zipWithNext().any { (a, b) -> a > b } || rows !in 1..ArtifactPart.ROWS_MAX) {
                throw BadArtifact("estimator.starts do not rise from 0 to 1..${ArtifactPart.ROWS_MAX}")
            }
            val step = part.number("step").toFloat()
            val prior = part.number("prior")
            if (step <= 0f || prior <= 0.0) throw BadArtifact("estimator.step or estimator.prior is not positive")
            return Neighbours(
                part.bytes("points", rows.toLong() * shape.features),
                step,
                centres,
                starts,
                part.bytes("outcomes", rows.toLong() * shape.models),
                part.vector("means", shape.models),
                part.int("neighbours", 1..NEIGHBOURS_MAX),
                prior,
            )
        }
    }
}

/** The [size] rows of the least distance that were offered: a heap, the farthest on top. */
private class NearestRows(private val size: Int) {
    private val heap = LongArray(size)
    private var filled = 0

    fun offer(distance: Int, row: Int) {
        val entry = (distance.toLong() shl Int.SIZE_BITS) or row.toLong()
        if (filled < size) {
            heap[filled] = entry
            rise(filled++)
        } else if (entry < heap[0]) {
            heap[0] = entry
            sink()
        }
    }

    fun rows(): IntArray = IntArray(filled) { heap[it].toInt() }

    private fun rise(from: Int) {
        var at = from
        while (at > 0 && heap[(at - 1) / 2] < heap[at]) {
            swap(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private fun sink() {
        var at = 0
        while (true) {
            val left = 2 * at + 1
            if (left >= filled) return
            val larger = if (left + 1 < filled && heap[left + 1] > heap[left]) left + 1 else left
            if (heap[larger] <= heap[at]) return
            swap(at, larger)
            at = larger
        }
    }

    private fun swap(a: Int, b: Int) {
        val kept = heap[a]
        heap[a] = heap[b]
        heap[b] = kept
    }
}
