package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.models.Model
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.Freeze
import routercluster.policy.outcomes.FreezeCause
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.VerdictSums
import kotlin.random.Random

class GuardedSelectorTest : SelectorContract {
    override val selector = GuardedSelector(ThompsonSelector, Guards(0.1, 0.5, freezes = true))

    private val names = listOf("m0", "m1", "m2")
    private val candidates = names.map { Candidate(Model(it, emptyList())) }

    private fun figures(vararg known: ModelStatistics) =
        Figures(names.zip(known.toList()).associate { (name, statistics) -> name to ModelFigures(statistics, 0) })

    private fun judged(good: Int, bad: Int, frozen: Freeze? = null) =
        ModelStatistics(Performance.NONE, VerdictSums(goodFit = good * 1_000L, underpowered = bad * 1_000L), frozen)

    private fun picks(selector: Selector, figures: Figures): Map<String, Double> {
        val random = Random(SelectorContract.SEED)
        return (1..DRAWS)
            .groupingBy {
                selector
                    .rank(candidates, SelectionContext(random, figures))
                    .first()
                    .candidate.model.name
            }.eachCount()
            .mapValues { it.value.toDouble() / DRAWS }
    }

    @Test
    fun `no more requests explore than is allowed, and chances say how often`() {
        // m0 is the best by its mean, and the others may still be better.
        val figures = figures(judged(6, 4), judged(1, 1), judged(0, 0))
        val rows = listOf(
            GuardedSelector(ThompsonSelector, Guards(explorationMax = 0.1)) to 0.1,
            GuardedSelector(ThompsonSelector, Guards(explorationMax = 0.0)) to 0.0,
            GuardedSelector(
                RlDrivenSelector(explorationRate = 0.6, explorationDecay = 1.0, samples = false),
                Guards(explorationMax = 0.2),
            ) to
                0.2,
        )
        rows.forEach { (guarded, most) ->
            val shares = picks(guarded, figures)
            withClue("at most $most") {
                (1 - shares.getValue("m0") <= most + 0.01) shouldBe true
                guarded.propensities(candidates, figures, Traits.NONE).forEach { (name, chance) ->
                    (shares[name] ?: 0.0) shouldBe (chance plusOrMinus 0.01)
                }
            }
        }
        val free = picks(ThompsonSelector, figures)
        withClue("without a bound") { (1 - free.getValue("m0") > 0.3) shouldBe true }
    }

    @Test
    fun `what is left to chance for another reason than learning is not held back`() {
        val guarded = GuardedSelector(WeightedSelector, Guards(explorationMax = 0.1))
        val figures = figures(judged(0, 0), judged(0, 0), judged(0, 0))
        repeat(20) { seed ->
            val context = { SelectionContext(Random(seed), figures) }
            guarded.rank(candidates, context()) shouldBe WeightedSelector.rank(candidates, context())
        }
    }

    @Test
    fun `one of which nothing is measured is explored within the bound`() {
        val measured = figures("m0" to known(answers = 50), "m1" to known(answers = 50, firstByteMillis = 300), "m2" to known())
        val guarded = GuardedSelector(LatencyAwareSelector(null, 50), Guards(explorationMax = 0.05))
        val shares = picks(guarded, measured)
        shares.getValue("m2") shouldBe (0.05 plusOrMinus 0.01)
        (1..50).forEach { seed ->
            val chances = guarded.rank(candidates, SelectionContext(Random(seed), measured)).associate {
                it.candidate.model.name to
                    it.propensity
            }
            chances.getValue("m0").shouldNotBeNull() shouldBe (0.95 plusOrMinus 1e-9)
            chances.getValue("m2").shouldNotBeNull() shouldBe (0.05 plusOrMinus 1e-9)
        }
    }

    @Test
    fun `a frozen model is last whatever its figures, and the record says why`() {
        val fallen = Freeze(FreezeCause.ERRORS, 0.01, 0.5, 60.0)
        val figures = figures(judged(900, 10, fallen), judged(5, 5), judged(5, 6))
        val guarded = GuardedSelector(ThompsonSelector, Guards(freezes = true))
        repeat(100) { seed ->
            val last = guarded.rank(candidates, SelectionContext(Random(seed), figures)).last()
            last.candidate.model.name shouldBe "m0"
            last.reason shouldBe "frozen: failed attempts rose from 1.0 % to 50.0 % of 60"
        }
        guarded.propensities(candidates, figures, Traits.NONE).getValue("m0") shouldBe 0.0
        picks(GuardedSelector(ThompsonSelector, Guards.NONE), figures).getValue("m0") shouldBe (1.0 plusOrMinus 0.01)
        // No other model can go on from a provider's state.
        val bound = Traits(session = SessionFacts(turns = 1, model = "m0", isBound = true))
        guarded.rank(candidates, SelectionContext(Random(1), figures, bound)).none { "frozen" in it.reason } shouldBe true
        // Some answer is better than none.
        val all = figures(judged(9, 1, fallen), judged(5, 5, fallen), judged(5, 6, fallen))
        guarded.rank(candidates, SelectionContext(Random(1), all)).size shouldBe 3
    }

    @Test
    fun `a model that is surely below the floor is not picked, and one that may be above it is`() {
        val guarded = GuardedSelector(WeightedSelector, Guards(qualityFloor = 0.6))
        val figures = figures(judged(30, 70), judged(1, 2), judged(80, 20))
        val shares = picks(guarded, figures)
        shares.keys shouldBe setOf("m1", "m2")
        val ranked = guarded.rank(candidates, SelectionContext(Random(1), figures))
        ranked.last().reason shouldContain "below the floor of 0.6"
        ranked.sumOf { it.propensity.shouldNotBeNull() } shouldBe (1.0 plusOrMinus 1e-9)
    }

    @Test
    fun `what is in shadow serves the order of the file and notes what it would have done`() {
        val figures = figures(judged(0, 50), judged(0, 50), judged(50, 0))
        val ranked = ShadowSelector(ThompsonSelector).rank(candidates, SelectionContext(Random(1), figures))
        ranked.map { it.candidate.model.name } shouldBe names
        ranked.map { it.propensity } shouldBe listOf(1.0, 0.0, 0.0)
        ranked.last().reason shouldContain "place 3 in the policy; in shadow place 1: drew"
        ranked.last().parts.keys shouldBe setOf("shadow_score")
    }

    private companion object {
        const val DRAWS = 20_000
    }
}

class ShadowSelectorTest : SelectorContract {
    override val selector = ShadowSelector(ThompsonSelector)
}
