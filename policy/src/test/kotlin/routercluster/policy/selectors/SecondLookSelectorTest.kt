package routercluster.policy.selectors

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.models.Pricing
import kotlin.random.Random

/** The first number of a vector is how far it goes to the dear model. */
class SecondLookSelectorTest {
    private val dear = Candidate(Model("dear", emptyList(), pricing = Pricing("USD", 10.0, 10.0)))
    private val middle = Candidate(Model("middle", emptyList(), pricing = Pricing("USD", 3.0, 3.0)))
    private val cheap = Candidate(Model("cheap", emptyList(), pricing = Pricing("USD", 1.0, 1.0)))
    private val all = listOf(dear, middle, cheap)

    /** Goes by the first number: to the dear model from 0.6, to the cheap one below 0.3. */
    private val byPull = object : Selector {
        override val needs = setOf(Need.EMBEDDING)

        override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
            val pull = context.traits.derived("pull") { mapOf("pull" to it[0].toDouble()) }?.getValue("pull") ?: 0.0
            val first = if (pull >= 0.6) {
                dear
            } else if (pull >= 0.3) {
                middle
            } else {
                cheap
            }
            return (listOf(first) + candidates.filter { it != first })
                .map {
                    Ranked(
                        it,
                        if (it ==
                            first
                        ) {
                            1.0
                        } else {
                            0.0
                        },
                        "pull $pull",
                    )
                }.certain()
        }
    }

    /** Draws the dear model as often as the first number says, else the cheap one. */
    private val drawn = object : Selector {
        override val needs = setOf(Need.EMBEDDING)

        override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> {
            val pull = checkNotNull(context.traits.derived("pull") { mapOf("pull" to it[0].toDouble()) }).getValue("pull")
            val first = if (context.random.nextDouble() < pull) dear else cheap
            val chances = mapOf(dear to pull, cheap to 1 - pull)
            return (listOf(first) + candidates.filter { it != first }).map { Ranked(it, 0.5, "drawn", propensity = chances[it] ?: 0.0) }
        }
    }

    private fun half(pull: Float, other: Float) = Traits.Half(floatArrayOf(pull, other), null, null, 50)

    private fun traits(pull: Float, vararg halves: Traits.Half) =
        Traits(floatArrayOf(pull, 0f), textLength = 100, halves = halves.toList().ifEmpty { null })

    private fun Selector.over(traits: Traits, candidates: List<Candidate> = all, seed: Int = 1) =
        rank(candidates, SelectionContext(Random(seed), traits = traits))

    private val selector = SecondLookSelector(byPull, 0.21)

    @Test
    fun `where halves have little to do with each other the cheapest of the three picks is taken, and the reason says so`() {
        val ranked = selector.over(traits(0.9f, half(0.95f, 0f), half(0.1f, 0.9f)))
        ranked.map { it.candidate } shouldContainExactly listOf(cheap, dear, middle)
        ranked.map { it.propensity } shouldContainExactly listOf(1.0, 0.0, 0.0)
        ranked.first().score shouldBe ranked.maxOf { it.score }
        ranked.first().reason shouldContain "alike by 0.1 only"
        selector.over(traits(0.9f, half(0.7f, 0.7f), half(0.35f, -0.35f))).first().candidate shouldBe middle
    }

    @Test
    fun `where halves are alike the whole stands`() {
        val ranked = selector.over(traits(0.9f, half(0.95f, 0f), half(0.25f, 0.9f)))
        ranked.first().candidate shouldBe dear
        ranked.first().reason shouldNotContain "half"
        SecondLookSelector(byPull, 1.0).over(traits(0.9f, half(0.95f, 0f), half(0.25f, 0.9f))).first().candidate shouldBe cheap
    }

    @Test
    fun `where less could be read of a half than of the whole, the whole stands`() {
        val unread = Traits.Half(floatArrayOf(0.1f, 0.9f), null, null, 50, lacks = mapOf(Need.DOMAIN to "the head failed"))
        selector.over(traits(0.9f, half(0.95f, 0f), unread)).first().candidate shouldBe dear
    }

    @Test
    fun `halves are wanted where the pick is not the cheapest, the text is long and prices are known`() {
        fun wanted(traits: Traits, candidates: List<Candidate> = all): Boolean {
            selector.over(traits, candidates)
            return traits.halvesWantedInVain
        }
        wanted(traits(0.9f)) shouldBe true
        wanted(traits(0.4f)) shouldBe true
        wanted(traits(0.1f)) shouldBe false
        wanted(Traits(floatArrayOf(0.9f, 0f), textLength = SecondLookSelector.HALVED_MIN - 1)) shouldBe false
        wanted(traits(0.9f), listOf(dear, Candidate(Model("unpriced", emptyList())))) shouldBe false
        selector.needs shouldBe setOf(Need.EMBEDDING, Need.HALVES)
    }

    @Test
    fun `a drawn pick has the chance of being the cheapest of three draws`() {
        val look = SecondLookSelector(drawn, 0.21)
        val read = traits(0.9f, half(0.8f, 0f), half(0.2f, 0.9f))
        val ranked = look.over(read)
        val chance = 0.9 * 0.8 * 0.2
        ranked.first { it.candidate == dear }.propensity.shouldNotBeNull() shouldBe (chance plusOrMinus 1e-6)
        ranked.sumOf { it.propensity ?: 0.0 } shouldBe (1.0 plusOrMinus 1e-9)
        val picked = (1..4_000).count { look.over(read, seed = it).first().candidate == dear } / 4_000.0
        picked shouldBe (chance plusOrMinus 0.02)
        traits(0.1f).also { look.over(it) }.halvesWantedInVain shouldBe true
    }

    @Test
    fun `chances that rankings do not say are worked out for each reading`() {
        val unsaid = object : Selector by drawn {
            override fun rank(candidates: List<Candidate>, context: SelectionContext) =
                drawn.rank(candidates, context).map { it.copy(propensity = null) }

            override fun chances(candidates: List<Candidate>, context: SelectionContext): List<Double> {
                val pull = checkNotNull(context.traits.derived("pull") { mapOf("pull" to it[0].toDouble()) }).getValue("pull")
                return candidates.map {
                    if (it == dear) {
                        pull
                    } else if (it == cheap) {
                        1 - pull
                    } else {
                        0.0
                    }
                }
            }
        }
        val read = traits(0.9f, half(0.8f, 0f), half(0.2f, 0.9f))
        val look = SecondLookSelector(unsaid, 0.21)
        look
            .over(read)
            .first()
            .propensity
            .shouldBeNull()
        look.chances(all, SelectionContext(Random(1), traits = read)).shouldNotBeNull().first() shouldBe (0.9 * 0.8 * 0.2 plusOrMinus 1e-6)
    }

    @Test
    fun `a record without vectors gives the same ranking, and says where it lacks halves`() {
        val read = traits(0.9f, half(0.95f, 0f), half(0.1f, 0.9f))
        val picks = selector.over(read).map { it.candidate }
        val record = read.recorded()
        selector.over(record).map { it.candidate } shouldContainExactly picks
        record.unrecorded(selector.needs) shouldBe emptySet()
        val unread = traits(0.9f).also { selector.over(it) }.recorded()
        selector.over(unread).first().candidate shouldBe dear
        unread.unrecorded(selector.needs) shouldBe setOf(Need.HALVES)
    }

    @Test
    fun `texts are halved at a space near the middle, and characters are never cut`() {
        halvesOf("word ".repeat(20)).shouldNotBeNull().let { (first, second) ->
            first + second shouldBe "word ".repeat(20)
            first.last().isLetter() shouldBe true
            second.first() shouldBe ' '
        }
        halvesOf("\uD83D\uDE00".repeat(33)).shouldNotBeNull().forEach { half -> (half.length % 2) shouldBe 0 }
        halvesOf("x".repeat(SecondLookSelector.HALVED_MIN - 1)).shouldBeNull()
        halvesOf(" ".repeat(60) + "word ".repeat(8)).shouldBeNull()
    }
}
