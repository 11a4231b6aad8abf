package routercluster.policy.cache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.nulls.shouldNotBeNull
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
    fun `with few requests chance alone could pass the bound, so that a smaller share is allowed`() {
        fun share(requests: Double): Double {
            val own = sums(requests, requests / 500, requests / 500, 1.0)
            return (0..bound.highest(own, own)).sumOf { own.expected[it] } / requests
        }
        share(1_000.0) shouldBeLessThan 0.006
        share(1_000.0) shouldBeGreaterThan 0.003
        share(10_000.0) shouldBeLessThan share(100_000.0)
    }

    @Test
    fun `what was found a little beyond a risk tells of it`() {
        val unknown = sums(10_000.0, 20.0, 0.0, 1.0)
        val beyond = sums(10_000.0, 20.0, 0.0, 1.0)
        val first = bound.highest(unknown, RiskSums()) + 1
        for (bin in first until first + 5) {
            beyond.looked[bin] += 10.0
            beyond.wrong[bin] += 30.0
        }
        bound.highest(beyond, RiskSums()) shouldBeLessThan first - 1
    }

    @Test
    fun `what is told of wrong hits has the bound as its upper end`() {
        val own = sums(10_000.0, 20.0, 20.0, 1.0)
        val highest = bound.highest(own, own)
        val all = ErrorBound.estimate(own, own, highest) { 1.0 }.shouldNotBeNull()
        val some = ErrorBound.estimate(own, own, highest) { 0.5 }.shouldNotBeNull()
        (all.high * 1000).toInt() shouldBeInRange 8..10
        some.likely shouldBe (all.likely / 2 plusOrMinus 1e-9)
        ErrorBound.estimate(own, own, -1) { 1.0 } shouldBe null
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
