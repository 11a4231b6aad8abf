package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.outcomes.Measured
import kotlin.random.Random

/** The laws that every selector keeps. */
interface SelectorContract {
    val selector: Selector

    /** What is known of the candidates, whatever it is. */
    fun measured(): Measured = Measured.NONE

    @Test
    fun `every candidate is ranked exactly once`() {
        val random = Random(SEED)
        repeat(500) { round ->
            val candidates = candidates(*DoubleArray(1 + random.nextInt(8)) { if (random.nextInt(4) == 0) 0.0 else random.nextDouble() })
            val ranked = selector.rank(candidates, SelectionContext(random, measured()))
            withClue("seed $SEED round $round") {
                ranked.map { it.candidate } shouldContainExactlyInAnyOrder candidates
            }
        }
    }

    @Test
    fun `a single candidate is always picked`() {
        listOf(0.0, 0.5, 1.0).forEach { weight ->
            val only = candidates(weight)
            selector.rank(only, context(SEED)).map { it.candidate } shouldBe only
        }
    }

    @Test
    fun `the same seed gives the same order`() {
        val candidates = candidates(0.1, 0.4, 0.2, 0.3)
        (1..100).forEach { seed ->
            selector.rank(candidates, context(seed)) shouldBe selector.rank(candidates, context(seed))
        }
    }

    @Test
    fun `scores fall with rank, are finite, and every place has a reason`() {
        (1..100).forEach { seed ->
            val ranked = selector.rank(candidates(0.1, 0.0, 0.2, 0.3), context(seed))
            ranked.map { it.score } shouldBe ranked.map { it.score }.sortedDescending()
            ranked.all { it.score.isFinite() && it.reason.isNotBlank() } shouldBe true
        }
    }

    private fun context(seed: Int) = SelectionContext(Random(seed), measured())

    companion object {
        const val SEED = 20_261_121

        fun candidates(vararg weights: Double): List<Candidate> =
            weights.mapIndexed { index, weight -> Candidate(Model("m$index", emptyList()), weight) }
    }
}
