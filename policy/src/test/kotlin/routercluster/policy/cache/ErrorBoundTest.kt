package routercluster.policy.cache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test

class ErrorBoundTest {
    private val bound = ErrorBound(0.01)

    /** [requests] of which [each] in every bin had an entry near them; [wrongPer] times the risk of those looked into were wrong. */
    private fun sums(requests: Double, each: Double, looks: Double, wrongPer: Double) =
        RiskSums(
            requests,
            DoubleArray(ErrorBound.BINS) { each * ErrorBound.riskOf(it) },
            DoubleArray(ErrorBound.BINS) { looks * ErrorBound.riskOf(it) },
            DoubleArray(ErrorBound.BINS) { looks * ErrorBound.riskOf(it) * wrongPer },
        )

    @Test
    fun `bins cover all risks in order`() {
        ErrorBound.bin(0.0) shouldBe 0
        ErrorBound.bin(1.0) shouldBe ErrorBound.BINS - 1
        for (bin in 1 until ErrorBound.BINS - 1) ErrorBound.bin(ErrorBound.riskOf(bin) * 1.001) shouldBe bin
    }

    @Test
    fun `quantiles of the gamma distribution are those of tables`() {
        ErrorBound.gammaQuantile(4.0) shouldBe (7.754 plusOrMinus 0.1)
        ErrorBound.gammaQuantile(10.0) shouldBe (15.705 plusOrMinus 0.1)
        ErrorBound.gammaQuantile(50.0) shouldBe (62.171 plusOrMinus 0.1)
    }

    @Test
    fun `few requests allow no hits`() {
        bound.highest(sums(10.0, 0.1, 0.0, 1.0), RiskSums()) shouldBe -1
    }

    @Test
    fun `looks that confirm the model allow more, looks that find it wrong allow less`() {
        val unknown = bound.highest(sums(10_000.0, 20.0, 0.0, 1.0), RiskSums())
        val confirmed = bound.highest(sums(10_000.0, 20.0, 100.0, 1.0), RiskSums())
        val better = bound.highest(sums(10_000.0, 20.0, 100.0, 0.5), RiskSums())
        val worse = bound.highest(sums(10_000.0, 20.0, 100.0, 3.0), RiskSums())
        confirmed shouldBeGreaterThan unknown
        better shouldBeGreaterThan confirmed
        worse shouldBeLessThan unknown
    }

    @Test
    fun `with many looks hits come close to the bound and stay under it`() {
        val own = sums(100_000.0, 200.0, 200.0, 1.0)
        val highest = bound.highest(own, own)
        val wrong = (0..highest).sumOf { own.expected[it] } / own.requests
        (wrong * 1000).toInt() shouldBeInRange 8..10
    }

    @Test
    fun `what all categories show stands in for a category of which little is known`() {
        val own = sums(10_000.0, 20.0, 0.0, 1.0)
        val bad = bound.highest(own, sums(100_000.0, 200.0, 200.0, 3.0))
        val good = bound.highest(own, sums(100_000.0, 200.0, 200.0, 0.3))
        good shouldBeGreaterThan bad
    }

    @Test
    fun `sums of nodes add up in any order`() {
        val parts = listOf(sums(10.0, 1.0, 1.0, 1.0), sums(200.0, 3.0, 0.0, 0.0), sums(7.0, 0.0, 2.0, 0.5))
        val forth = RiskSums.of(parts)
        val back = RiskSums.of(parts.reversed())
        forth.requests shouldBe back.requests
        for (bin in 0 until ErrorBound.BINS) {
            forth.expected[bin] shouldBe (back.expected[bin] plusOrMinus 1e-9)
            forth.looked[bin] shouldBe (back.looked[bin] plusOrMinus 1e-9)
            forth.wrong[bin] shouldBe (back.wrong[bin] plusOrMinus 1e-9)
        }
    }

    @Test
    fun `a bound that is none is refused`() {
        for (error in listOf(0.0, -0.1, 1.1, Double.NaN)) shouldThrow<IllegalArgumentException> { ErrorBound(error) }
    }
}
