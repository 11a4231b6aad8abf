package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.signals.ToyEncoder
import kotlin.random.Random

class HybridSelectorTest : SelectorContract {
    private val small = candidate("m0", quality = 0.6, price = 1.0, description = "a poem of love")
    private val large = candidate("m1", quality = 0.9, price = 10.0, description = "a proof of math")

    override val selector = HybridSelector().ready(listOf(small, large))

    override fun measured() = figures("m2" to known(good = 3.0, bad = 1.0))

    override fun traits() = asking("a proof")

    private fun rank(selector: Selector, traits: Traits = traits()) =
        selector.rank(listOf(small, large), SelectionContext(Random(1), traits = traits))

    @Test
    fun `each part alone decides by its weight`() {
        val rows =
            listOf(
                HybridWeights(1.0, 0.0, 0.0, 0.0) to "m1",
                HybridWeights(0.0, 1.0, 0.0, 0.0) to "m1",
                HybridWeights(0.0, 0.0, 1.0, 0.0) to "m0",
                HybridWeights(0.0, 0.0, 0.0, 1.0) to "m0",
            )
        for ((weights, name) in rows) {
            val selector = HybridSelector(weights).let { if (weights.similarity > 0.0) it.ready(listOf(small, large)) else it }
            rank(selector)
                .first()
                .candidate.model.name shouldBe name
        }
    }

    @Test
    fun `the score is the weighted mean of the parts that there are`() {
        val ranked = rank(selector).first { it.candidate == small }
        ranked.parts.keys shouldBe setOf("experience", "similarity", "automix", "cost")
        ranked.parts.getValue("experience") shouldBe (0.6 / 0.9 plusOrMinus 1e-9)
        val expected = listOf("experience" to 0.3, "similarity" to 0.3, "automix" to 0.2, "cost" to 0.2).sumOf { (name, weight) ->
            weight * ranked.parts.getValue(name)
        }
        ranked.score shouldBe (expected plusOrMinus 1e-9)
        val blind = rank(selector, Traits(lacks = mapOf(Need.EMBEDDING to "the queue is full"))).first { it.candidate == small }
        blind.parts.keys shouldBe setOf("experience", "automix", "cost")
        blind.score shouldBe
            (blind.parts.run { getValue("experience") * 0.3 + getValue("automix") * 0.2 + getValue("cost") * 0.2 } / 0.7 plusOrMinus 1e-9)
        blind.reason shouldContain "without similarity, the queue is full"
    }

    @Test
    fun `parts keep their own scale where the policy says so`() {
        val ranked = rank(HybridSelector(HybridWeights(1.0, 0.0, 0.0, 0.0), isNormalised = false))
        ranked.map { it.score } shouldBe listOf(0.9, 0.6)
    }

    @Test
    fun `the cheapest of those that are hardly worse is taken where the policy says so`() {
        val weights = HybridWeights(1.0, 0.0, 0.0, 0.0)
        rank(HybridSelector(weights, qualityGap = 0.2)).first().candidate shouldBe large
        val taken = rank(HybridSelector(weights, qualityGap = 0.4)).first()
        taken.candidate shouldBe small
        taken.reason shouldContain "cheaper than m1 and less than 0.4 worse"
    }

    @Test
    fun `without the part that reads the request no encoder is asked`() {
        val selector = HybridSelector(HybridWeights(similarity = 0.0)).bound(listOf(small, large), ToyEncoder.catalog)
        selector.needs shouldBe emptySet()
        selector.exemplars.shouldBeNull()
    }

    @Test
    fun `the priciest newcomer is tried as often as by chance, though its price is known`() {
        val old = candidate("old", price = 1.0)
        val newcomer = candidate("new", price = 10.0)
        val measured = figures("old" to known(good = 30.0, bad = 10.0))
        val first = (1..DRAWS).map { HybridSelector().rank(listOf(old, newcomer), SelectionContext(Random(it), measured)).first() }
        val tried = first.filter { it.candidate == newcomer }
        tried.size shouldBeInRange DRAWS * 4 / 10..DRAWS * 6 / 10
        tried.first().reason shouldContain "nothing but its price is known"
        tried.first().isExplored shouldBe true
        first.first().propensity shouldBe 0.5
    }

    @Test
    fun `where prices are all that is known the cheapest is first`() {
        val candidates = listOf(candidate("new", price = 10.0), candidate("old", price = 1.0))
        val ranked = HybridSelector().rank(candidates, SelectionContext(Random(1)))
        ranked.map { it.candidate.model.name } shouldBe listOf("old", "new")
        ranked.first().propensity shouldBe 1.0
    }

    private companion object {
        const val DRAWS = 400
    }
}
