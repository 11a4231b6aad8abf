package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.conversations.ConversationName
import routercluster.policy.outcomes.Measured
import kotlin.random.Random

class ExperimentSelectorTest : SelectorContract {
    private val arms = listOf(
        Arm("now", 0.6, StaticSelector),
        Arm("drawn", 0.3, WeightedSelector),
        Arm("small", 0.1, StaticSelector, setOf("m2", "m3")),
    )
    override val selector = ExperimentSelector("trial", arms)
    private val candidates = SelectorContract.candidates(0.25, 0.75, 0.0, 0.0)

    override fun traits() = Traits(unit = "conversation 7")

    private fun rank(unit: String?, seed: Int = 1, of: Selector = selector): Pair<List<Ranked>, Traits> {
        val traits = Traits(unit = unit)
        return of.rank(candidates, SelectionContext(Random(seed), Measured.NONE, traits)) to traits
    }

    private fun armOf(unit: String, of: Selector = selector) = rank(unit, of = of).second.arm.shouldNotBeNull()

    @Test
    fun `each arm gets its share of units, and a unit keeps its arm`() {
        val units = (1..20_000).map { "conversation $it" }
        val counts = units.groupingBy { armOf(it).arm }.eachCount()
        arms.forEach { withClue(it.name) { counts.getValue(it.name) / 20_000.0 shouldBe (it.share plusOrMinus 0.015) } }
        val elsewhere = ExperimentSelector("trial", arms)
        units.take(100).forEach { armOf(it, elsewhere) shouldBe armOf(it) }
        // Pinned: nodes of the next version must come to the same.
        (1..5).map { armOf("conversation $it").arm } shouldContainExactly listOf("now", "drawn", "drawn", "now", "drawn")
    }

    @Test
    fun `another experiment splits otherwise, and its digests tell nobody who is who`() {
        val other = ExperimentSelector("another", arms)
        val units = (1..1_000).map { "user $it" }
        val alike = units.count { armOf(it).arm == armOf(it, other).arm }
        // By chance, .6² + .3² + .1² = .46.
        alike / 1_000.0 shouldBe (0.46 plusOrMinus 0.06)
        units.none { armOf(it).unit == armOf(it, other).unit } shouldBe true
    }

    @Test
    fun `an arm picks among its models, and the others are fall-backs`() {
        val unit = (1..1_000).map { "user $it" }.first { armOf(it).arm == "small" }
        val (ranked, traits) = rank(unit)
        ranked.map { it.candidate.model.name } shouldContainExactly listOf("m2", "m3", "m0", "m1")
        ranked.first().reason shouldContain "arm small of the experiment trial"
        ranked.last().reason shouldBe "not in the arm small"
        traits.arm?.shares shouldBe mapOf("now" to 0.6, "drawn" to 0.3, "small" to 0.1)
    }

    @Test
    fun `chances are those over all units`() {
        val chances = selector.propensities(candidates, Measured.NONE, Traits.NONE)
        chances.getValue("m0") shouldBe (0.6 + 0.3 * 0.25 plusOrMinus 1e-9)
        chances.getValue("m1") shouldBe (0.3 * 0.75 plusOrMinus 1e-9)
        chances.getValue("m2") shouldBe (0.1 plusOrMinus 1e-9)
        chances.values.sum() shouldBe (1.0 plusOrMinus 1e-9)
        val firsts = (1..20_000)
            .groupingBy {
                rank("request $it", seed = it)
                    .first
                    .first()
                    .candidate.label
            }.eachCount()
        chances.forEach { (label, chance) -> withClue(label) { (firsts[label] ?: 0) / 20_000.0 shouldBe (chance plusOrMinus 0.015) } }
    }

    @Test
    fun `without a unit the first arm serves, and no arm is noted`() {
        val (ranked, traits) = rank(null)
        traits.arm.shouldBeNull()
        ranked.first().reason shouldContain "arm now of the experiment trial"
        traits.unrecorded(selector.needs) shouldBe setOf(Need.UNIT)
    }

    @Test
    fun `a recorded arm is taken as it is, unless the experiment no longer has it`() {
        val note = ArmNote("trial", "small", "0", mapOf("small" to 1.0))
        val recorded = Traits(arm = note)
        selector
            .rank(candidates, SelectionContext(Random(1), Measured.NONE, recorded))
            .first()
            .candidate.label shouldBe "m2"
        recorded.unrecorded(selector.needs) shouldBe emptySet()
        val gone = Traits(arm = note.copy(arm = "gone"))
        selector.rank(candidates, SelectionContext(Random(1), Measured.NONE, gone))
        gone.unrecorded(selector.needs) shouldBe setOf(Need.UNIT)
    }

    @Test
    fun `requests are split by the named conversation, else the user, else one by one`() {
        unitOf(ConversationName("c", isNamed = true), "u", "r") shouldBe "conversation c"
        unitOf(ConversationName("prefix-1", isNamed = false), "u", "r") shouldBe "user u"
        unitOf(null, null, "r") shouldBe "request r"
    }
}
