package routercluster.policy.signals

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.catalog.PrototypeScoring
import kotlin.math.cos
import kotlin.math.sin
import kotlin.math.sqrt
import kotlin.random.Random

class PrototypeBankTest {
    /** A unit vector in the plane; neighbours at cosine 0.9 are less than 26 degrees apart. */
    private fun at(degrees: Int) = Math.toRadians(degrees.toDouble()).let { floatArrayOf(cos(it).toFloat(), sin(it).toFloat()) }

    private fun bank(vararg degrees: Int, scoring: PrototypeScoring = PrototypeScoring()) =
        PrototypeBank.of(degrees.map(::at), scoring)

    private fun cosine(degrees: Int) = cos(Math.toRadians(degrees.toDouble()))

    @Test
    fun `near-duplicates make one prototype, their medoid`() {
        val bank = bank(0, 10, 20, 90)
        bank.size shouldBe 2
        bank.score(at(10), Aggregation.ANY) shouldBe (1.0 plusOrMinus 1e-6)
        bank.score(at(0), Aggregation.ANY) shouldBe (cosine(10) plusOrMinus 1e-6)
    }

    @Test
    fun `the largest cluster is taken first, and only so many`() {
        // 25 has both sides within reach and takes them all; taken in order, 0 would have split them.
        bank(0, 25, 50).size shouldBe 1
        bank(0, 30, 60, 90, 120, 150).size shouldBe 6
        val two = bank(0, 5, 90, 180, 184, 188, scoring = PrototypeScoring(prototypesMax = 2))
        two.size shouldBe 2
        two.score(at(90), Aggregation.ANY) shouldBe (0.0 plusOrMinus 1e-6)
        bank(0, 1, 2, scoring = PrototypeScoring(enabled = false)).size shouldBe 3
    }

    @Test
    fun `a score is mostly the best and a little of the next`() {
        val bank = bank(0, 60, 120)
        bank.score(at(0)) shouldBe (0.75 + 0.25 * (1 + 0.5) / 2 plusOrMinus 1e-6)
        bank.score(at(0), Aggregation.MEAN) shouldBe ((1 + 0.5 - 0.5) / 3 plusOrMinus 1e-6)
        bank(0).score(at(60)) shouldBe (0.5 plusOrMinus 1e-6)
        bank().score(at(0)) shouldBe 0.0
        bank(0, 60, 120, scoring = PrototypeScoring(bestWeight = 0.5, topM = 3)).score(at(0)) shouldBe (0.5 + 0.5 / 3 plusOrMinus 1e-6)
    }

    @Test
    fun `scores lie between the worst and the best similarity`() {
        val seed: Long = java.lang.Long.getLong("seed", Random.nextLong())
        val random = Random(seed)
        repeat(300) { case ->
            val vectors = List(random.nextInt(1, 40)) { unit(random) }
            val query = unit(random)
            withClue("seed $seed, case $case") {
                val bank = PrototypeBank.of(vectors, PrototypeScoring(clusterSimilarity = random.nextDouble()))
                (bank.size in 1..8) shouldBe true
                val similarities = vectors.map { cosine(it, query) }
                Aggregation.entries.forEach {
                    bank.score(query, it).shouldBeBetween(similarities.min() - 1e-9, similarities.max() + 1e-9, 0.0)
                }
            }
        }
    }

    private fun unit(random: Random): FloatArray {
        val raw = FloatArray(6) { random.nextFloat() - 0.5f }
        val length = sqrt(raw.sumOf { it.toDouble() * it }).toFloat()
        return FloatArray(raw.size) { raw[it] / length }
    }
}
