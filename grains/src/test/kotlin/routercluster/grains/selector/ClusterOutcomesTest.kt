package routercluster.grains.selector

import com.typesafe.config.ConfigFactory
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.grains.state.Fate
import routercluster.grains.state.MemoryStateStore
import routercluster.grains.state.ScriptedStateStore
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.AnswerOutcome
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Judgement
import routercluster.policy.outcomes.PairSums
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.Speaker
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.file.ImportMode
import routercluster.policy.outcomes.file.ImportPart
import routercluster.policy.outcomes.file.importParts
import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/** One node, whose messages are turned to bytes and back all the same. */
class ClusterOutcomesTest {
    private val kit = ActorTestKit.create(
        ConfigFactory.parseString("pekko.actor.serialize-messages = on\npekko.loglevel = WARNING").withFallback(ConfigFactory.load()),
    )
    private val clock = InstantSource.fixed(NOW)
    private val store = ScriptedStateStore(MemoryStateStore(clock))
    private val directory = LocalDirectory(kit) { selectorGrain(it, store, clock, saveEvery = Duration.ofMillis(1)) }
    private val outcomes = node()

    @AfterEach
    fun close() = kit.shutdownTestKit()

    private fun node(): ClusterOutcomes {
        val incarnations = AtomicLong()
        val settings = OutcomesSettings(Duration.ofMillis(5), Duration.ofMillis(10), refreshAfter = Duration.ofMillis(50))
        val made = ClusterOutcomes("node", directory, clock, incarnations::incrementAndGet, settings = settings)
        made.start { behavior, name -> kit.spawn(behavior, name) }
        return made
    }

    private fun attempt(failure: FailureClass? = null) =
        AttemptOutcome(KEY, "m1", "u", NOW, failure, ANSWER.takeIf { failure == null }, costNanos = 5)

    private fun feedback(id: String, score: Double = 1.0) = Feedback(id, KEY, "m1", VerdictSums.ofScore(score), NOW)

    private fun judged(id: String, score: Double = 1.0): Judgement =
        outcomes.judge(feedback(id, score)).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun known() = outcomes.measured(KEY).statistics("m1")

    @Test
    fun `what a node measures comes back in its snapshot`() {
        repeat(3) { outcomes.attempted(attempt()) }
        outcomes.attempted(attempt(FailureClass.TIMEOUT))
        await("4 attempts") { known().performance.attempts == 4L }
        known().performance.failures shouldBe mapOf(FailureClass.TIMEOUT to 1L)
        known().performance.firstByte.count shouldBe 3
        known().performance.costNanos shouldBe 20
        await("nothing waits") { outcomes.standing().buffered == 0L }
    }

    @Test
    fun `batches that are lost or come twice count once`() {
        val sent = AtomicInteger()
        directory.passes = { command -> if (command is SelectorCommand.Count) sent.incrementAndGet() % 3 else 1 }
        repeat(5) { round ->
            outcomes.attempted(attempt())
            await("${round + 1} attempts") { known().performance.attempts == round + 1L }
        }
        sent.get() shouldBeGreaterThan 5
        outcomes.standing().dropped shouldBe 0
    }

    @Test
    fun `while the store is away the last snapshot stays, feedback is refused, and nothing is lost`() {
        outcomes.attempted(attempt())
        await("1 attempt") { known().performance.attempts == 1L }
        store.fate = { Fate.LOST }
        outcomes.attempted(attempt())
        judged("f1").shouldBeInstanceOf<Judgement.NotKept>().reason shouldContain "store"
        known().performance.attempts shouldBe 1
        outcomes.standing().buffered shouldBe 1
        store.fate = { Fate.DONE }
        await("2 attempts") { known().performance.attempts == 2L }
        judged("f1") shouldBe Judgement.Counted(repeated = false)
    }

    @Test
    fun `a save whose answer was lost does not count twice`() {
        store.fate = { save -> if (save) Fate.ANSWER_LOST else Fate.DONE }
        outcomes.attempted(attempt())
        judged("f1").shouldBeInstanceOf<Judgement.NotKept>()
        store.fate = { Fate.DONE }
        judged("f1").shouldBeInstanceOf<Judgement.Counted>()
        await("1 attempt and 1 verdict") { outcomes.standing().buffered == 0L && known().verdicts.goodFit == VerdictSums.WHOLE }
        known().performance.attempts shouldBe 1
    }

    @Test
    fun `a feedback counts once, is told so, and survives the grain`() {
        judged("f1") shouldBe Judgement.Counted(repeated = false)
        judged("f1") shouldBe Judgement.Counted(repeated = true)
        judged("f1", score = 0.0) shouldBe Judgement.Contradicts
        directory.kill(KEY.grainId)
        judged("f1") shouldBe Judgement.Counted(repeated = true)
        await("1 verdict") { known().verdicts.goodFit == VerdictSums.WHOLE }
    }

    @Test
    fun `one identity's word is bounded by the grain, also after it has died`() {
        val said = { id: String -> feedback(id).copy(by = Speaker("ann", 2 * VerdictSums.WHOLE)) }
        val judged = { id: String -> outcomes.judge(said(id)).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) }
        judged("f1") shouldBe Judgement.Counted(repeated = false)
        judged("f2") shouldBe Judgement.Counted(repeated = false)
        directory.kill(KEY.grainId)
        judged("f3") shouldBe Judgement.Capped
        judged("f2") shouldBe Judgement.Counted(repeated = true)
        this.judged("f4") shouldBe Judgement.Counted(repeated = false)
        await("3 verdicts") { known().verdicts.goodFit == 3 * VerdictSums.WHOLE }
    }

    @Test
    fun `what a feedback says of a linear model comes back in the snapshot and survives the grain`() {
        val point = ContextPoint(5, byteArrayOf(-9, 64, 127))
        val first = feedback("f1", score = 0.5).copy(context = point)
        for (given in listOf(first, first.copy(id = "f2"))) {
            outcomes.judge(given).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe Judgement.Counted(repeated = false)
        }
        directory.kill(KEY.grainId)
        judged("f3")
        val sums = ContextSums.of(point, first.sums)
        await("3 verdicts") { known().verdicts.run { goodFit + bad } == 3 * VerdictSums.WHOLE }
        known().contexts shouldBe mapOf(point.layout to sums + sums)
    }

    @Test
    fun `comparisons come back as ratings, and survive the grain`() {
        val given = (1..8).map { feedback("c$it", if (it <= 6) 1.0 else 0.0).copy(against = "m2") }
        given.forEach { outcomes.judge(it).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe Judgement.Counted(false) }
        directory.kill(KEY.grainId)
        judged("f1") shouldBe Judgement.Counted(repeated = false)
        await("9 games") { known().rating?.games == 9.0 }
        val (m1, m2) = listOf("m1", "m2").map {
            outcomes
                .measured(KEY)
                .statistics(it)
                .rating
                ?.logOdds ?: 0.0
        }
        m1 shouldBeGreaterThan m2
        known().verdicts shouldBe VerdictSums(goodFit = VerdictSums.WHOLE)
    }

    @Test
    fun `what was learnt is told model by model, and taken over part by part`() {
        repeat(3) { outcomes.attempted(attempt()) }
        judged("f1", 0.25)
        outcomes.judge(feedback("f2").copy(against = "m2")).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)
        outcomes.judge(feedback("f3").copy(model = "m3")).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)
        await("3 attempts") { known().performance.attempts == 3L }
        val learnt = outcomes.learnt(KEY).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)
        learnt.verdicts.keys.map { it.model } shouldBe listOf("m1", "m3")
        learnt.pairs.values.single() shouldBe PairSums(first = 1_000)

        val other = SelectionKey("default", "math")
        val take = { part: ImportPart -> outcomes.take(other, part).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) }
        val parts = importParts("id", ImportMode.MERGE, 1.0, learnt, DecisionStatistics.NONE, setOf("m1", "m2", "m3"))
        parts.forEach { take(it) shouldBe Judgement.Counted(repeated = false) }
        directory.kill(other.grainId)
        parts.forEach { take(it) shouldBe Judgement.Counted(repeated = true) }
        outcomes.learnt(other).toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS) shouldBe learnt
        await("the snapshot of what was taken over") {
            outcomes
                .measured(other)
                .statistics("m1")
                .rating
                ?.games == 2.0
        }
        val prior = importParts("p", ImportMode.PRIOR, 1.0, learnt, learnt, setOf("m1"))
        prior.forEach { take(it) shouldBe Judgement.Counted(repeated = false) }
        await("the prior is known") {
            outcomes
                .measured(other)
                .statistics("m1")
                .verdicts.goodFit == 500L
        }
        store.fate = { Fate.LOST }
        take(prior.first()).shouldBeInstanceOf<Judgement.NotKept>().reason shouldContain "store"
    }

    @Test
    fun `requests under way are counted at once`() {
        outcomes.began("m1")
        outcomes.began("m1")
        outcomes.left("m1")
        outcomes.measured(KEY).inFlight("m1") shouldBe 1
        outcomes.measured(KEY).inFlight("m2") shouldBe 0
    }

    @Test
    fun `an id is readable, and bounded`() {
        SelectionKey("default", "code/math 1").grainId shouldBe "default/code%2Fmath+1"
        SelectionKey("r", "x".repeat(2_000)).grainId.length shouldBe "sha256/".length + 64
    }

    private companion object {
        val NOW: Instant = Instant.parse("2026-11-29T12:00:00Z")
        val KEY = SelectionKey("default", "code")
        val ANSWER = AnswerOutcome(Duration.ofMillis(80), Duration.ofMillis(900), Duration.ofMillis(10), 12, 80)
    }
}
