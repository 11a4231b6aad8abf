package routercluster.policy.outcomes

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import java.time.Duration
import kotlin.math.ceil
import kotlin.random.Random

class LatencySketchTest {
    @Test
    fun `percentiles are known to within the accuracy`() {
        val random = Random(SEED)
        repeat(50) { round ->
            val micros = List(1 + random.nextInt(400)) { random.nextLong(2, 3_000_000_000) }
            val sketch = micros.map { LatencySketch.of(micros(it)) }.fold(LatencySketch.NONE, LatencySketch::plus)
            sketch.count shouldBe micros.size
            listOf(1, 50, 95, 100).forEach { percent ->
                val exact = micros.sorted()[ceil(micros.size * percent / 100.0).toInt() - 1]
                val told = (sketch.percentile(percent) ?: Duration.ZERO).toNanos() / 1_000.0
                val slack = LatencySketch.ACCURACY * 1.001
                withClue("seed $SEED round $round p$percent") { (told / exact).shouldBeBetween(1 - slack, 1 + slack, 0.0) }
            }
        }
    }

    @Test
    fun `nothing measured has no percentile, and extremes have one`() {
        LatencySketch.NONE.percentile(50) shouldBe null
        LatencySketch.of(Duration.ZERO).percentile(50) shouldBe micros(1)
        LatencySketch.of(Duration.ofDays(3)).count shouldBe 1
    }

    @Test
    fun `what is written down is read again, and nothing else is`() {
        val sketch = LatencySketch.of(micros(7)) + LatencySketch.of(micros(7)) + LatencySketch.of(micros(9_000))
        LatencySketch.ofLongs(sketch.toLongs()) shouldBe sketch
        listOf(longArrayOf(1), longArrayOf(5, 1, 5, 1), longArrayOf(5, 0), longArrayOf(-1, 1), longArrayOf(100_000, 1)).forEach {
            shouldThrow<IllegalArgumentException> { LatencySketch.ofLongs(it) }
        }
    }

    private fun micros(count: Long): Duration = Duration.ofNanos(count * 1_000)

    private companion object {
        const val SEED = 20_261_129
    }
}
