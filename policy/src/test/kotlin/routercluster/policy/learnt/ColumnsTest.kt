package routercluster.policy.learnt

import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.random.Random

class ColumnsTest {
    private val random = Random(5)

    @Test
    fun `products with all rows at once are those of each row, whatever the number of columns`() {
        for (columns in 1..9) {
            val matrix = Matrix(7, columns, FloatArray(7 * columns) { random.nextFloat() })
            val point = FloatArray(columns) { random.nextFloat() }
            val dots = Columns(matrix).dots(point)
            val distances = Columns(matrix).distances(point)
            for (row in 0 until matrix.rows) {
                dots[row] shouldBe (matrix.dot(row, point) plusOrMinus 1e-5f)
                distances[row] shouldBe (matrix.distance(row, point) plusOrMinus 1e-5f)
            }
        }
    }
}
