package routercluster.policy.outcomes.file

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.FailureClass
import routercluster.policy.outcomes.AnswerOutcome
import routercluster.policy.outcomes.AttemptOutcome
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.ModelPair
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.SelectorState
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.asPriors
import routercluster.policy.outcomes.settled
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

class LearntStateTest {
    private val now = Instant.parse("2026-11-30T12:00:30Z")
    private val key = SelectionKey("default", "code")

    private fun feedback(random: Random, model: String, score: Double) =
        Feedback(
            "f${random.nextLong()}",
            key,
            model,
            VerdictSums.ofScore(score),
            now.minusSeconds(random.nextLong(86_400L * 20)),
            context = ContextPoint(7, byteArrayOf(random.nextInt(-127, 128).toByte(), 127)),
        )

    /** With something of every kind, a fall and what was known before. */
    private fun rich(seed: Int): DecisionStatistics {
        val random = Random(seed)
        val answer = AnswerOutcome(Duration.ofMillis(90), Duration.ofMillis(900), Duration.ofMillis(12), 10, 20)
        val attempts = List(20) {
            val failure = FailureClass.TIMEOUT.takeIf { random.nextInt(4) == 0 }
            DecisionStatistics.of(
                AttemptOutcome(
                    key,
                    "m${it % 3}",
                    "u",
                    now.minusSeconds(random.nextLong(600)),
                    failure,
                    answer.takeIf {
                        failure ==
                            null
                    },
                    5,
                ),
            )
        }
        val judged = List(90) { DecisionStatistics.of(feedback(random, "m${it % 3}", if (random.nextInt(5) > 0) 1.0 else 0.125)) }
        val fallen = List(40) { DecisionStatistics.ofVerdicts("m0", VerdictSums.ofScore(0.0), now.minusSeconds(300)) }
        val compared = List(9) {
            DecisionStatistics.of(feedback(random, "m${it % 2}", 1.0).copy(context = null, against = "m2"))
        }
        val all = (attempts + judged + fallen).reduce(DecisionStatistics::plus).settled(now)
        return compared.fold(all.copy(priors = rich().asPriors(5.0)), DecisionStatistics::plus)
    }

    private fun rich(): DecisionStatistics = List(9) {
        DecisionStatistics.of(feedback(Random(it), "m${it % 3}", 0.75))
    }.reduce(DecisionStatistics::plus)

    private fun written(statistics: DecisionStatistics) = LearntState(
        now,
        "4f0c",
        listOf(LearntDecision(key, statistics)),
    ).toJson().toPrettyString()

    @Test
    fun `what is written is read as it was`() {
        repeat(20) { seed ->
            val all = rich(seed)
            all.falls.keys shouldBe setOf("m0")
            val read = readLearntState(written(all), now)
            withClue("seed $seed") {
                read.policyRevision to read.exportedAt shouldBe ("4f0c" to now)
                read.decisions.single().key shouldBe key
                read.decisions.single().statistics shouldBe all
            }
        }
    }

    @Test
    fun `it can be read by people`() {
        val day = now.minus(Duration.ofDays(1))
        written(DecisionStatistics.ofVerdicts("large", VerdictSums(goodFit = 12_500, failed = 1_000), day)) shouldContain
            """"verdicts" : [ {
        "good_fit" : 12.5,
        "failed" : 1,
        "from" : "2026-11-29T00:00:00Z"
      } ]"""
    }

    @Test
    fun `a bad or newer file is refused with what is wrong where`() {
        val good = written(DecisionStatistics.ofVerdicts("large", VerdictSums(goodFit = 1_000), now))
        readLearntState(good, now).decisions.size shouldBe 1
        val rows = listOf(
            good.replace("\"version\" : 1", "\"version\" : 2") to "its version is 2; this router reads version 1",
            good.replace("router-learnt-state", "other") to "it is no learnt state",
            good.replace("\"good_fit\" : 1", "\"good_fit\" : -1") to "decisions[0].models[0].verdicts[0].good_fit must be a count",
            good.replace("\"good_fit\" : 1", "\"good_fit\" : 1.0005") to "with up to 3 decimals",
            good.replace("\"good_fit\" : 1", "\"good_fit\" : 1e300") to "must be a count",
            good.replace("good_fit", "good_fits") to "good_fits must be left out: it is unknown here",
            good.replace("2026-11-30T00:00:00Z", "2026-11-30T00:00:01Z") to "the beginning of a slice",
            good.replace("2026-11-30T00:00:00Z", "2026-12-02T00:00:00Z") to "no later than now",
            good.replace("\"decision\" : \"code\",", "") to "decisions[0].decision must be a string",
            good.dropLast(2) to "it is not JSON at line",
            "[]" to "it is no JSON object",
            "" to "it is no JSON object",
            good.replace("\"version\" : 1", "\"version\" : 1, \"version\" : 1") to "it is not JSON",
        )
        for ((text, message) in rows) {
            withClue(message) { shouldThrow<BadLearntState> { readLearntState(text, now) }.message shouldContain message }
        }
    }

    private fun import(mode: ImportMode, file: DecisionStatistics, known: DecisionStatistics, weight: Double = 10.0): DecisionStatistics =
        importParts("id", mode, weight, file, known, setOf("m0", "m1", "m2")).fold(known) { state, part -> part.into(state) }

    @Test
    fun `replacing leaves what the file has, adding up what both have`() {
        val known = rich(1) + DecisionStatistics.ofVerdicts("gone", VerdictSums(goodFit = 5), now)
        val file = rich(2)
        import(ImportMode.REPLACE, file, known) shouldBe file
        import(ImportMode.MERGE, file, DecisionStatistics.NONE) shouldBe file
        import(ImportMode.MERGE, file, known).models(now) shouldBe (known + file).models(now)
        import(ImportMode.REPLACE, DecisionStatistics.NONE, known) shouldBe DecisionStatistics.NONE
    }

    @Test
    fun `a prior counts as so many verdicts at most, stays, and is replaced by the next`() {
        val file =
            DecisionStatistics.ofVerdicts("m1", VerdictSums(goodFit = 300_000, underpowered = 100_000), now.minus(Duration.ofDays(200))) +
                DecisionStatistics.ofVerdicts("m2", VerdictSums(goodFit = 3_000), now)
        val known = DecisionStatistics.ofVerdicts("m1", VerdictSums(underpowered = 2_000), now)
        val after = import(ImportMode.PRIOR, file, known)
        after.models(now).getValue("m1").verdicts shouldBe VerdictSums(goodFit = 7_500, underpowered = 4_500)
        after.models(now).getValue("m2").verdicts shouldBe VerdictSums(goodFit = 3_000)
        import(ImportMode.PRIOR, file, after) shouldBe after
        import(ImportMode.PRIOR, file, after, weight = 4.0).models(now).getValue("m1").verdicts shouldBe
            VerdictSums(goodFit = 3_000, underpowered = 3_000)
        val later = now.plus(Duration.ofDays(60))
        after
            .settled(later)
            .models(later)
            .getValue("m1")
            .verdicts shouldBe VerdictSums(goodFit = 7_500, underpowered = 2_500)
        import(ImportMode.REPLACE, DecisionStatistics.NONE, after) shouldBe DecisionStatistics.NONE
    }

    @Test
    fun `a fall ends what was known before`() {
        val prior =
            import(ImportMode.PRIOR, DecisionStatistics.ofVerdicts("m1", VerdictSums(goodFit = 9_000), now), DecisionStatistics.NONE)
        val good = DecisionStatistics.ofVerdicts("m1", VerdictSums(goodFit = 90_000), now.minus(Duration.ofDays(2)))
        val bad = DecisionStatistics.ofVerdicts("m1", VerdictSums(failed = 40_000), now)
        (prior + good + bad)
            .settled(now)
            .models(now)
            .getValue("m1")
            .verdicts shouldBe VerdictSums(failed = 40_000)
    }

    @Test
    fun `models that are no candidates are left out, alone and compared`() {
        val file = rich(3)
        val parts = importParts("id", ImportMode.MERGE, 1.0, file, DecisionStatistics.NONE, setOf("m0", "m2"))
        parts.map { it.model } shouldBe listOf("m0", "m2", null)
        parts
            .last()
            .statistics.pairs.keys
            .map { it.pair }
            .toSet() shouldBe setOf(ModelPair("m0", "m2"))
    }

    @Test
    fun `the same file is added once`() {
        val parts = importParts("id", ImportMode.MERGE, 1.0, rich(4), DecisionStatistics.NONE, setOf("m0", "m1", "m2"))
        val once = parts.fold(SelectorState()) { state, part -> state.plus(part) }
        parts.all(once::hasCounted) shouldBe true
        parts.fold(once) { state, part -> state.plus(part) } shouldBe once
    }
}
