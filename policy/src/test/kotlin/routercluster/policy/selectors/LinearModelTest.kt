package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.VerdictSums
import kotlin.math.sqrt
import kotlin.random.Random

class LinearModelTest {
    private fun point(vararg values: Int) = ContextPoint(1, ByteArray(values.size) { values[it].toByte() })

    private fun sums(vararg given: Pair<ContextPoint, Double>) =
        given.map { (point, score) -> ContextSums.of(point, VerdictSums.ofScore(score)) }.reduce(ContextSums::plus)

    @Test
    fun `with the constant alone it is the mean, drawn to the prior`() {
        val constant = point(127)
        val model = LinearModel(sums(constant to 1.0, constant to 1.0, constant to 0.5), 1, ridge = 25.0, prior = 0.2)
        model.mean(doubleArrayOf(1.0)) shouldBe (0.2 + (0.8 + 0.8 + 0.3) / 4 plusOrMinus 1e-9)
        model.spread(doubleArrayOf(1.0)) shouldBe (1 / sqrt(4.0) plusOrMinus 1e-9)
    }

    @Test
    fun `two features are solved as by hand`() {
        // A = R + x x' + y y' for x = (1, 1) and y = (0, 1), so with R = 1 A = ((2, 1), (1, 3)) and its inverse ((3, -1), (-1, 2)) / 5.
        val model = LinearModel(sums(point(127, 127) to 1.0, point(0, 127) to 0.0), 2, ridge = 1.0, prior = 0.0)
        model.mean(doubleArrayOf(1.0, 1.0)) shouldBe (0.6 plusOrMinus 1e-9)
        model.mean(doubleArrayOf(0.0, 1.0)) shouldBe (0.2 plusOrMinus 1e-9)
        model.spread(doubleArrayOf(1.0, 0.0)) shouldBe (sqrt(0.6) plusOrMinus 1e-9)
    }

    @Test
    fun `without verdicts there is the prior alone`() {
        val model = LinearModel(null, 3, ridge = 4.0, prior = 0.7)
        model.mean(doubleArrayOf(0.3, -0.2, 1.0)) shouldBe 0.7
        model.spread(doubleArrayOf(1.0, 0.0, 0.0)) shouldBe (0.5 plusOrMinus 1e-9)
        model.spread(doubleArrayOf(0.0, 0.0, 1.0)) shouldBe (1.0 plusOrMinus 1e-9)
    }

    @Test
    fun `the larger the ridge, the less is believed of a feature, and of the constant as much`() {
        val given = sums(point(127, 127) to 1.0, point(-127, 127) to 0.0, point(127, 127) to 1.0, point(-127, 127) to 0.0)

        fun difference(ridge: Double) =
            LinearModel(given, 2, ridge, prior = 0.5).let { it.mean(doubleArrayOf(1.0, 1.0)) - it.mean(doubleArrayOf(-1.0, 1.0)) }
        difference(1.0) shouldBe (4.0 / 5 plusOrMinus 1e-9)
        difference(25.0) shouldBe (4.0 / 29 plusOrMinus 1e-9)
        listOf(1.0, 25.0).forEach { LinearModel(given, 2, it, prior = 0.5).mean(doubleArrayOf(0.0, 1.0)) shouldBe (0.5 plusOrMinus 1e-9) }
    }

    @Test
    fun `finds what verdicts were made of`() {
        val random = Random(5)
        val truth = doubleArrayOf(0.3, -0.2, 0.1, 0.5)
        val given = List(2_000) {
            val point = point(*IntArray(4) { place -> if (place == 3) 127 else random.nextInt(-127, 128) })
            val share = point.toDoubles().withIndex().sumOf { (place, value) -> truth[place] * value }
            point to if (random.nextDouble() < share) 1.0 else 0.0
        }
        val model = LinearModel(sums(*given.toTypedArray()), 4, ridge = 1.0, prior = 0.5)
        val x = doubleArrayOf(0.5, 0.5, -0.5, 1.0)
        model.mean(x) shouldBe (0.5 plusOrMinus 0.05)
        (model.spread(x) < 0.1) shouldBe true
    }
}
