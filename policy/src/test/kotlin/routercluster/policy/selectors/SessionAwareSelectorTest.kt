package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.outcomes.Figures
import routercluster.policy.request.Facts
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class SessionAwareSelectorTest : SelectorContract {
    override val selector = SessionAwareSelector(MultiFactorSelector())

    override fun measured() = figures("m0" to known(answers = 5), "m1" to known(200, 20, answers = 5))

    override fun traits() = Traits(promptTokens = 100, session = SessionFacts(3, "m1", Duration.ofSeconds(5), reuse = 0.5))

    /** Scores as given, in the order of the file where they are equal. */
    private class Scoring(private val scores: Map<String, Double>, private val explored: String? = null) : Selector {
        override fun rank(candidates: List<Candidate>, context: SelectionContext): List<Ranked> =
            candidates
                .map { Ranked(it, scores.getValue(it.model.name), "scored", isExplored = it.model.name == explored) }
                .sortedByDescending { it.score }
                .certain()
    }

    private val both = listOf(candidate("old"), candidate("new"))
    private val quick = SessionFacts(turns = 4, model = "old", sinceLast = Duration.ofSeconds(1), reuse = 0.9)

    private fun rank(
        gain: Double,
        session: SessionFacts?,
        protection: SwitchProtection = SwitchProtection(),
        explored: String? = null,
        figures: Figures = Figures(),
        promptTokens: Int? = 1_000,
        candidates: List<Candidate> = both,
    ): Ranked =
        SessionAwareSelector(Scoring(mapOf("old" to 0.4, "new" to 0.4 + gain), explored), protection)
            .rank(candidates, SelectionContext(Random(1), figures, Traits(promptTokens = promptTokens, session = session)))
            .first()

    private fun Ranked.name() = candidate.model.name

    @Test
    fun `a conversation stays unless the gain pays for the change`() {
        val kept = rank(0.2, quick)
        kept.name() shouldBe "old"
        kept.reason shouldContain "kept from the last turn: gain 0.2, needed 0."
        kept.propensity shouldBe 1.0
        // margin, stay bonus, handoff; 0.2 times the mass of the cache, nearly warm.
        val mass = 0.45 * 0.9 + 0.35 * 900 / 8_192 + 0.20 * 0.5
        kept.parts.getValue("needed") shouldBe (0.05 + 0.10 + 0.05 + 0.2 * mass * 0.9885 plusOrMinus 1e-4)
        val changed = rank(0.5, quick)
        changed.name() shouldBe "new"
        changed.reason shouldContain "changes from old"
    }

    @Test
    fun `each part of the cost counts`() {
        val base = rank(0.0, quick).run { parts["needed"] } ?: rank(0.01, quick).parts.getValue("needed")

        fun needed(session: SessionFacts, protection: SwitchProtection = SwitchProtection()) = rank(
            0.01,
            session,
            protection,
        ).parts.getValue("needed")
        needed(quick.copy(switches = 4)) shouldBe (base + 0.02 plusOrMinus 1e-9)
        needed(quick.copy(switches = 80)) shouldBe (base + 0.04 plusOrMinus 1e-9)
        needed(quick.copy(sinceLast = Duration.ofSeconds(299))) shouldBe (0.2 plusOrMinus 0.01)
        needed(quick, SwitchProtection(stabilityWeight = 0.0)) shouldBe (0.15 plusOrMinus 1e-9)
        needed(quick, SwitchProtection(margin = 0.3, stayBonus = 0.0, handoff = 0.0, cacheWeight = 0.0)) shouldBe (0.3 plusOrMinus 1e-9)
    }

    @Test
    fun `a dearer prompt counts up to the bound`() {
        val priced = listOf(candidate("old", price = 1.0), candidate("new", price = 10.0))
        val cheap = rank(0.01, quick, candidates = both).parts.getValue("needed") - 0.2
        rank(0.01, quick, candidates = priced).parts.getValue("needed") - 0.2 shouldBe (2.5 * cheap plusOrMinus 1e-9)
        val protection = SwitchProtection(costMultiplierMax = 4.0)
        rank(0.01, quick, protection, candidates = priced).parts.getValue("needed") - 0.2 shouldBe (4 * cheap plusOrMinus 1e-9)
    }

    @Test
    fun `locks hold whatever the gain`() {
        val rows =
            listOf(
                quick.copy(toolLoopOpen = true) to "a tool loop is open",
                quick.copy(isBound = true) to "its provider holds state",
                quick.copy(turns = 0) to "0 of 1 turns",
            )
        for ((session, reason) in rows) {
            withClue(reason) {
                val kept = rank(0.6, session)
                kept.name() shouldBe "old"
                kept.reason shouldContain reason
            }
        }
        rank(0.9, quick, explored = "new").run { name() to ("exploring" in reason) } shouldBe ("old" to true)
    }

    @Test
    fun `it is free where the last model is away, fails, or was long ago`() {
        val rows =
            listOf(
                rank(0.01, null) to "the session is not known",
                rank(0.01, quick.copy(model = null)) to "the model of the last turn is not known",
                rank(0.01, quick.copy(model = "gone")) to "gone is no candidate",
                rank(0.01, quick.copy(sinceLast = Duration.ofSeconds(300))) to "the last turn was 300 s ago",
                rank(0.01, quick.copy(toolLoopOpen = true), figures = figures("old" to known(failed = 3))) to "old fails",
            )
        for ((first, reason) in rows) withClue(reason) { first.run { name() to (reason in this.reason) } shouldBe ("new" to true) }
        rank(0.01, quick.copy(isBound = true), figures = figures("old" to known(failed = 3))).name() shouldBe "old"
    }

    @Test
    fun `what is not known of the cache costs nothing and is told`() {
        val unknown = rank(0.01, quick.copy(reuse = null))
        unknown.parts.getValue("needed") shouldBe (0.2 plusOrMinus 1e-9)
        unknown.reason shouldContain "cache not known"
    }

    @Test
    fun `facts and conversation say what came before`() {
        val now = Instant.ofEpochSecond(1_000)
        val facts = Facts(listOf(Message(Role.USER, "abcd"), Message(Role.ASSISTANT, "efgh"), Message(Role.TOOL, "ij")))

        fun turn(id: String, at: Long, model: String?) = Turn(id, null, Instant.ofEpochSecond(at), TurnStatus.COMPLETED, model = model)
        val turns = listOf(turn("1", 900, "a"), turn("2", 950, "b"), turn("3", 990, "a"))
        sessionOf(facts, turns, now) shouldBe
            SessionFacts(3, "a", Duration.ofSeconds(10), toolLoopOpen = true, isBound = false, switches = 2, reuse = 0.8)
        sessionOf(facts, emptyList(), now) shouldBe SessionFacts(1, toolLoopOpen = true, reuse = 0.8)
        sessionOf(Facts(emptyList()), emptyList(), now) shouldBe SessionFacts(0)
        sessionOf(Facts(emptyList(), hasProviderState = true), turns, now).run { isBound to model } shouldBe (true to "a")
    }
}
