package routercluster.policy.learnt

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.learnt.fit.TrainingSet
import routercluster.policy.learnt.fit.fitNeighbours
import kotlin.random.Random

class NeighboursTest {
    private fun set(rows: Int, columns: Int, random: Random, quality: (Int) -> Float = { 1f }): TrainingSet {
        val points = Matrix(rows, columns, FloatArray(rows * columns) { random.nextFloat() - 0.5f })
        return TrainingSet(points, Matrix(rows, 1, FloatArray(rows, quality)), Matrix(rows, 1, FloatArray(rows) { Float.NaN }))
    }

    /** Outcomes tell rows apart, so that a mean over one neighbour names it. */
    private fun found(index: Neighbours, point: FloatArray): Set<Int> = index.nearest(point).toSet()

    @Test
    fun `a small set is searched exactly`() {
        val random = Random(SEED)
        repeat(50) { round ->
            val set = set(500, 6, random)
            val index = fitNeighbours(set, 10, random)
            val point = FloatArray(6) { random.nextFloat() - 0.5f }
            val distances = (0 until index.rows).associateWith { row -> distance(index, row, point) }
            val farthest = found(index, point).maxOf(distances::getValue)
            withClue("seed $SEED round $round") {
                found(index, point).size shouldBe 10
                distances.values.count { it < farthest } shouldBe found(index, point).count { distances.getValue(it) < farthest }
            }
        }
    }

    @Test
    fun `of a large set a part is searched, which holds most of the nearest`() {
        val random = Random(SEED)
        val set = set(20_000, 4, random)
        val index = fitNeighbours(set, 50, random)
        index.scanned shouldBe 2_000
        val hits = (1..20).sumOf {
            val point = FloatArray(4) { random.nextFloat() - 0.5f }
            val nearest = (0 until index.rows).sortedBy { distance(index, it, point) }.take(50).toSet()
            found(index, point).count { it in nearest }
        }
        hits shouldBeGreaterThan 20 * 50 * 9 / 10
    }

    @Test
    fun `only outcomes that are known count, and the mean of all counts as ten`() {
        val set = set(40, 2, Random(SEED)) { row -> if (row % 2 == 0) Float.NaN else 1f }
        fitNeighbours(set, 40, Random(SEED)).forecast(FloatArray(2)).quality.single() shouldBe (1.0 plusOrMinus 1e-9)
        val mixed = set(40, 2, Random(SEED)) { row -> if (row < 30) 0f else 1f }
        fitNeighbours(mixed, 40, Random(SEED)).forecast(FloatArray(2)).quality.single() shouldBe ((10 + 10 * 0.25) / 50 plusOrMinus 1e-6)
    }

    @Test
    fun `another number of neighbours can be asked`() {
        val index = fitNeighbours(set(100, 3, Random(SEED)), 5, Random(SEED))
        index.asking(7).nearest(FloatArray(3)).size shouldBe 7
        index.asking(500).nearest(FloatArray(3)).size shouldBe 100
    }

    /** In steps, as the index sees it. */
    private fun distance(index: Neighbours, row: Int, point: FloatArray): Int =
        point.indices.sumOf { i ->
            val gap = index.points[row * point.size + i] - Neighbours.quantised(point[i], index.step)
            gap * gap
        }
}
