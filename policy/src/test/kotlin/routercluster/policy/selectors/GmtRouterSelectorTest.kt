package routercluster.policy.selectors

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.SelectorState
import routercluster.policy.outcomes.VerdictSums
import java.time.Instant
import kotlin.random.Random

/** What users said, folded as the grain of a decision folds it. */
private class Said {
    private val now = Instant.parse("2026-11-30T00:00:00Z")
    private var count = 0
    var state = SelectorState()

    fun say(user: String?, model: String, good: Int, bad: Int = 0) = apply {
        val point = Traits(user = user).also { GmtRouterSelector().rank(both, SelectionContext(Random(1), traits = it)) }.contextPoint()
        repeat(good) { state = state.plus(feedback(model, VerdictSums(goodFit = VerdictSums.WHOLE), point)) }
        repeat(bad) { state = state.plus(feedback(model, VerdictSums(underpowered = VerdictSums.WHOLE), point)) }
    }

    private fun feedback(model: String, sums: VerdictSums, point: routercluster.policy.outcomes.ContextPoint?) =
        Feedback("${count++}", SelectionKey("r", "d"), model, sums, now, context = point)

    fun figures(statistics: DecisionStatistics = state.statistics) = Figures(statistics.models(now).mapValues { ModelFigures(it.value) })
}

private val both = listOf(candidate("m0"), candidate("m1"))

class GmtRouterSelectorTest : SelectorContract {
    private val said = Said()
        .say("ann", "m0", good = 1, bad = 5)
        .say("ann", "m1", good = 6)
        .say("bob", "m0", good = 30, bad = 3)
        .say("bob", "m1", good = 3, bad = 9)

    override val selector = GmtRouterSelector()

    override fun measured() = said.figures()

    override fun traits() = Traits(user = "ann")

    private fun first(user: String?, settings: GmtRouterSettings = GmtRouterSettings(), of: Said = said) =
        GmtRouterSelector(settings)
            .rank(both, SelectionContext(Random(3), of.figures(), Traits(user = user)))
            .first()

    @Test
    fun `each user gets what that user judged well, a stranger what all did`() {
        first("ann").candidate.model.name shouldBe "m1"
        first("bob").candidate.model.name shouldBe "m0"
        first("cid").run { candidate.model.name to reason } shouldBe ("m0" to "0.78 of all verdicts are good")
        first(null).reason shouldContain "all verdicts are good"
        first("ann", GmtRouterSettings(isPersonal = false)).candidate.model.name shouldBe "m0"
    }

    @Test
    fun `a user is told apart from so many verdicts on`() {
        val few = Said().say("eve", "m1", good = 2).say("bob", "m0", good = 20).say("bob", "m1", good = 5, bad = 5)
        first("eve", of = few).candidate.model.name shouldBe "m0"
        few.say("eve", "m1", good = 1).say("eve", "m0", good = 0, bad = 3)
        first("eve", of = few).candidate.model.name shouldBe "m1"
    }

    @Test
    fun `the score is the mean of the population, the user's own verdicts and those of users alike`() {
        val ranked = first("ann", GmtRouterSettings(layers = 1))
        val population = (1 + 9.0) / (2 + 18.0)
        ranked.parts.getValue("population") shouldBe (population plusOrMinus 1e-9)
        ranked.score shouldBe ((2 * population + 6) / (2 + 6) plusOrMinus 1e-9)
        first("ann", GmtRouterSettings(layers = 1, ownMax = 6)).score shouldBe ((2 * population + 3) / (2 + 3) plusOrMinus 1e-9)
    }

    @Test
    fun `who judges alike counts, who judges the other way does not`() {
        val crowd = Said()
            .say("ann", "m0", good = 5)
            .say("zoe", "m0", good = 5)
            .say("zoe", "m1", good = 20)
            .say("max", "m0", good = 0, bad = 5)
            .say("max", "m1", good = 0, bad = 40)
        val near = first("ann", of = crowd)
        (near.candidate.model.name to near.parts.getValue("personal")) shouldBe ("m0" to 1.0)
        val ranked = GmtRouterSelector().rank(both, SelectionContext(Random(1), crowd.figures(), Traits(user = "ann")))
        // Of ann herself nothing is known of m1: what there is comes from zoe alone.
        ranked.single { it.candidate.model.name == "m1" }.parts.getValue("personal") shouldBe 1.0
        val alone = GmtRouterSelector(
            GmtRouterSettings(alike = 0),
        ).rank(both, SelectionContext(Random(1), crowd.figures(), Traits(user = "ann")))
        alone.single { it.candidate.model.name == "m1" }.parts["personal"].shouldBeNull()
    }

    @Test
    fun `sums of two nodes add up to those of one`() {
        val one = Said().say("ann", "m0", good = 4, bad = 1)
        val other = Said().say("ann", "m0", good = 1, bad = 2).say("bob", "m1", good = 2)
        val whole = Said().say("ann", "m0", good = 4, bad = 1).say("ann", "m0", good = 1, bad = 2).say("bob", "m1", good = 2)
        val sum = one.state.statistics + other.state.statistics
        sum.models(Instant.parse("2026-11-30T00:00:00Z")) shouldBe whole.state.statistics.models(Instant.parse("2026-11-30T00:00:00Z"))
        (other.state.statistics + one.state.statistics) shouldBe sum
    }

    @Test
    fun `of too many people those are forgotten that were heard least recently`() {
        val crowd = Said()
        repeat(DecisionStatistics.PEOPLE_MAX) { crowd.say("user $it", "m0", good = 1) }
        crowd.say("user 0", "m1", good = 1).say("one more", "m0", good = 1)
        val layouts = crowd.state.statistics.contexts.keys
            .map { it.layout }
            .distinct()
        layouts.size shouldBe DecisionStatistics.PEOPLE_MAX

        fun isKept(user: String) = Traits(user = user).person().shouldNotBeNull() in layouts.map { it.id }
        listOf("user 0", "user 1", "user 2", "one more").map(::isKept) shouldBe listOf(true, false, true, true)
    }
}
