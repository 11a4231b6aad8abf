package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.plusOrMinus
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

    /** What is known of the request. */
    fun traits(): Traits = Traits.NONE

    @Test
    fun `every candidate is ranked exactly once`() {
        val random = Random(SEED)
        repeat(500) { round ->
            val candidates = candidates(*DoubleArray(1 + random.nextInt(8)) { if (random.nextInt(4) == 0) 0.0 else random.nextDouble() })
            val ranked = selector.rank(candidates, SelectionContext(random, measured(), traits()))
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

    @Test
    fun `where chances are told they sum to one and are those of being first`() {
        val candidates = candidates(0.1, 0.4, 0.0, 0.3)
        val chances = chances(candidates, SEED) ?: return
        chances.values.sum().shouldBe(1.0 plusOrMinus 1e-9)
        val firsts = (1..DRAWS).groupingBy { selector.rank(candidates, context(it)).first().candidate }.eachCount()
        (1..10).forEach { chances(candidates, it) shouldBe chances }
        for (candidate in candidates) {
            val share = (firsts[candidate] ?: 0).toDouble() / DRAWS
            withClue("${candidate.model.name} of $chances") { share.shouldBe(chances.getValue(candidate) plusOrMinus 0.03) }
        }
    }

    @Test
    fun `without any traits it ranks all the same`() {
        val candidates = candidates(0.1, 0.4, 0.2)
        val ranked = selector.rank(candidates, SelectionContext(Random(SEED), measured()))
        ranked.map { it.candidate } shouldContainExactlyInAnyOrder candidates
        ranked.all { it.score.isFinite() && it.reason.isNotBlank() } shouldBe true
    }

    @Test
    fun `what a record keeps of the traits gives the same order`() {
        val candidates = candidates(0.1, 0.4, 0.2, 0.3)
        val seen = traits()
        val ranked = selector.rank(candidates, SelectionContext(Random(SEED), measured(), seen))
        val recorded = seen.recorded()
        selector.rank(candidates, SelectionContext(Random(SEED), measured(), recorded)) shouldBe ranked
        recorded.unrecorded(selector.needs).filter { it !in traits().unrecorded(selector.needs) } shouldBe emptyList()
    }

    private fun chances(candidates: List<Candidate>, seed: Int): Map<Candidate, Double>? {
        val ranked = selector.rank(candidates, context(seed))
        return if (ranked.any { it.propensity == null }) null else ranked.associate { it.candidate to (it.propensity ?: 0.0) }
    }

    private fun context(seed: Int) = SelectionContext(Random(seed), measured(), traits())

    companion object {
        const val SEED = 20_261_121
        private const val DRAWS = 3_000

        fun candidates(vararg weights: Double): List<Candidate> =
            weights.mapIndexed { index, weight -> Candidate(Model("m$index", emptyList()), weight) }
    }
}
