package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import kotlin.math.abs
import kotlin.math.sqrt
import kotlin.random.Random

class WeightedSelectorTest : SelectorContract {
    override val selector = WeightedSelector

    /** Five standard deviations of a share measured over [DRAWS] draws. */
    private fun tolerance(share: Double): Double = 5 * sqrt(share * (1 - share) / DRAWS)

    @Test
    fun `first places follow the weights`() {
        val weights = doubleArrayOf(5.0, 3.0, 2.0)
        val context = SelectionContext(Random(SelectorContract.SEED))
        val candidates = SelectorContract.candidates(*weights)
        val wins = (1..DRAWS)
            .groupingBy {
                WeightedSelector
                    .rank(candidates, context)
                    .first()
                    .candidate.model.name
            }.eachCount()
        weights.forEachIndexed { index, weight ->
            val share = weight / weights.sum()
            withClue("seed ${SelectorContract.SEED}, candidate $index, wins $wins") {
                abs(wins.getValue("m$index").toDouble() / DRAWS - share) shouldBeLessThan tolerance(share)
            }
        }
    }

    @Test
    fun `second places follow the weights of those that are left`() {
        val context = SelectionContext(Random(SelectorContract.SEED))
        val candidates = SelectorContract.candidates(6.0, 3.0, 1.0)
        val seconds =
            (1..DRAWS)
                .map { WeightedSelector.rank(candidates, context).map { ranked -> ranked.candidate.model.name } }
                .filter { it.first() == "m0" }
                .groupingBy { it[1] }
                .eachCount()
        val share = seconds.getValue("m1").toDouble() / seconds.values.sum()
        withClue("seed ${SelectorContract.SEED}, second places $seconds") { abs(share - 0.75) shouldBeLessThan 0.02 }
    }

    @Test
    fun `weight zero comes last, in the order of the file`() {
        (1..200).forEach { seed ->
            val order = WeightedSelector
                .rank(SelectorContract.candidates(0.0, 0.01, 0.0), SelectionContext(Random(seed)))
                .map { it.candidate.model.name }
            order shouldBe listOf("m1", "m0", "m2")
        }
    }

    private companion object {
        const val DRAWS = 20_000
    }
}
