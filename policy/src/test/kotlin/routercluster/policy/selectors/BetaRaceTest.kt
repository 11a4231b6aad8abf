package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.VerdictSums
import kotlin.random.Random

class BetaRaceTest {
    private fun chances(vararg shapes: Pair<Double, Double>) = chancesOfHighest(shapes.map { (alpha, beta) -> Beta(alpha, beta) })

    @Test
    fun `known chances`() {
        chances(1.0 to 1.0).toList() shouldBe listOf(1.0)
        chances(3.0 to 7.0, 3.0 to 7.0)[0] shouldBe (0.5 plusOrMinus 1e-9)
        // The mean of a draw from Beta(2, 1), since the other is uniform.
        chances(2.0 to 1.0, 1.0 to 1.0)[0] shouldBe (2.0 / 3 plusOrMinus 1e-3)
        // The mean of a draw from Beta(1, 1000).
        chances(1.0 to 1_000.0, 1.0 to 1.0)[0] shouldBe (1.0 / 1_001 plusOrMinus 1e-4)
        chances(90_001.0 to 10_001.0, 80_001.0 to 20_001.0)[0] shouldBe (1.0 plusOrMinus 1e-9)
    }

    @Test
    fun `they are how often Thompson sampling picks each`() {
        val random = Random(SEED)
        repeat(10) { round ->
            val verdicts = List(4) { VerdictSums(goodFit = random.nextLong(60_000), underpowered = random.nextLong(60_000)) }
            val candidates = verdicts.indices.map { Candidate(Model("m$it", emptyList())) }
            val figures = Figures(
                verdicts.withIndex().associate { (index, sums) -> "m$index" to ModelFigures(ModelStatistics(Performance.NONE, sums)) },
            )
            val picked = (1..DRAWS)
                .groupingBy {
                    ThompsonSelector
                        .rank(candidates, SelectionContext(random, figures))
                        .first()
                        .candidate.model.name
                }.eachCount()
            val expected = chancesOfHighest(verdicts.map { Beta(1 + it.goodFit / 1_000.0, 1 + it.underpowered / 1_000.0) })
            verdicts.indices.forEach { index ->
                withClue("seed $SEED round $round model $index") {
                    (picked["m$index"] ?: 0).toDouble() / DRAWS shouldBe (expected[index] plusOrMinus 0.015)
                }
            }
        }
    }

    private companion object {
        const val SEED = 20_261_130
        const val DRAWS = 10_000
    }
}
