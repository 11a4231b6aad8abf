package routercluster.policy.evaluation

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.maps.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.Policy
import routercluster.policy.decisions.and
import routercluster.policy.decisions.decision
import routercluster.policy.decisions.model
import routercluster.policy.decisions.policy
import routercluster.policy.decisions.recipe
import routercluster.policy.decisions.someFacts
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.EndNote
import routercluster.policy.record.UsageNote
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.exportRow
import routercluster.policy.record.render
import routercluster.policy.record.replay
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import routercluster.policy.selectors.Arm
import routercluster.policy.selectors.ExperimentSelector
import routercluster.policy.selectors.StaticSelector
import routercluster.policy.selectors.WeightedSelector
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

/** From requests that an experiment split to what it has shown. */
class ExperimentLogTest {
    private val random = Random(SEED)
    private val split = policyOf(Arm("now", 0.5, StaticSelector), Arm("new", 0.5, StaticSelector, setOf("large")))

    private fun policyOf(vararg arms: Arm, name: String = "trial"): Policy {
        val candidates = listOf(Candidate(model("small")), Candidate(model("large")))
        val selector = ExperimentSelector(name, arms.toList())
        return policy(recipe(emptyList(), decision("any", and(), candidates = candidates, selector = selector)))
    }

    /** The large model is better, dearer and slower than the small one, [better] being the chance that its answer is good. */
    private fun served(policy: Policy, unit: String, better: Double = 0.9): DecisionRecord {
        val plan = policy.plan(policy.resolve("auto"), someFacts, random, unit = unit)
        val record = DecisionRecord.of(unit, Instant.EPOCH, plan)
        val isSmall = record.action.model == "small"
        val millis = (if (isSmall) 100L else 400L) + random.nextLong(50)
        val usage = UsageNote(10, 10, null, false, (if (isSmall) 1.0 else 5.0) + random.nextDouble(), 0.0, "EUR")
        val isGood = random.nextDouble() < 0.95
        record.ended(usage, record.action.model, EndNote(if (isGood) 200 else 502, null, null, Duration.ofMillis(millis)))
        record.judged(VerdictSums.ofScore(if (random.nextDouble() < if (isSmall) 0.6 else better) 1.0 else 0.0))
        return record
    }

    private fun report(records: Iterable<DecisionRecord>): ExperimentReport =
        ExperimentLog().apply { records.forEach { add(decisionRecordOf(it.exportRow())) } }.reports().single()

    private fun ExperimentReport.of(metric: Metric) = comparisons.single { it.metric == metric }

    @Test
    fun `differences are shown with their size, and where there is none nothing is concluded`() {
        val report = report((1..2_000).map { served(split, "conversation $it") })
        report.arms.map { it.name } shouldContainExactly listOf("now", "new")
        report.arms.sumOf { it.units } shouldBe 2_000
        report.ratio.isBroken shouldBe false
        report.of(Metric.QUALITY).refusal.shouldBeNull()
        report
            .of(Metric.QUALITY)
            .by
            .shouldNotBeNull()
            .value shouldBe (0.3 plusOrMinus 0.06)
        report
            .of(Metric.COST)
            .by
            .shouldNotBeNull()
            .value shouldBe (4.0 plusOrMinus 0.1)
        report.of(Metric.SUCCESS).refusal.shouldNotBeNull() shouldContain "no difference is shown"
        val text = report.render()
        text shouldContain "quality: new less now is 0."
        text shouldContain "new is better"
        text shouldContain "cost: new less now is "
        text shouldContain "now is better"
        text shouldNotContain "Nothing can be concluded."
        val json = report.toJson()
        json["comparisons"].associate { it["metric"].textValue() to it["better"].textValue() } shouldContainExactly
            mapOf("quality" to "new", "success" to null, "cost" to "now", "latency" to "now")
    }

    @Test
    fun `arms that do the same are rarely told apart`() {
        val same = policyOf(Arm("now", 0.5, StaticSelector), Arm("new", 0.5, StaticSelector))
        val wrong = (1..100).count { round -> report((1..200).map { served(same, "$round/$it") }).comparisons.any { it.refusal == null } }
        // At most 5 are to be expected.
        (wrong <= 10) shouldBe true
    }

    @Test
    fun `many requests of few conversations say little`() {
        val report = report((1..4_000).map { served(split, "conversation ${it % 40}") })
        report.arms.sumOf { it.units } shouldBe 40
        report.comparisons.mapNotNull { it.refusal }.size shouldBe 4
        report.render() shouldContain "Nothing can be concluded."
        report.of(Metric.COST).refusal.shouldNotBeNull() shouldContain "fewer than 50"
    }

    @Test
    fun `requests of one unit widen the interval where they are alike`() {
        val alike = listOf(0.0, 1.0).flatMap { value -> List(50) { sums(List(10) { value }) } }
        val mixed = List(100) { sums(listOf(0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0)) }
        val single = listOf(0.0, 1.0).flatMap { value -> List(500) { sums(listOf(value)) } }

        fun error(units: List<UnitSums>) = report("trial", units)
            .arms
            .first()
            .means
            .getValue(Metric.SUCCESS)
            .error
            .shouldNotBeNull()
        // Of independent requests √(p (1 - p) / (k - 1)).
        error(single) shouldBe (kotlin.math.sqrt(0.25 / 999) plusOrMinus 1e-9)
        error(alike) shouldBe (kotlin.math.sqrt(0.25 / 99) plusOrMinus 1e-9)
        error(mixed) shouldBe (0.0 plusOrMinus 1e-9)
    }

    private fun sums(values: List<Double>) =
        UnitSums("now", mapOf("now" to 0.5, "new" to 0.5)).apply { values.forEach { add("now", mapOf(Metric.SUCCESS to it)) } }

    @Test
    fun `a split that came out otherwise than it should concludes nothing`() {
        val records = (1..2_000).map { served(split, "conversation $it") }
        val report = report(records.filterIndexed { index, it -> it.traits.arm?.arm == "now" || index % 3 > 0 })
        report.ratio.isBroken shouldBe true
        report.comparisons.all { it.refusal == "the units did not fall among the arms as they should have" } shouldBe true
        report.render() shouldContain "some are lost on the way"
    }

    @Test
    fun `what says nothing is left out, with the reason, and so are units whose arm was changed`() {
        val log = ExperimentLog("trial")
        val moved = policyOf(Arm("now", 0.0, StaticSelector), Arm("new", 1.0, StaticSelector, setOf("large")))
        val unit = (1..100).map { "user $it" }.first { served(split, it).action.model == "small" }
        listOf(split, moved).forEach { log.add(served(it, unit)) }
        log.add(served(split, "user a"))
        log.add(DecisionRecord.of("r", Instant.EPOCH, split.plan(split.resolve("auto"), someFacts, random, unit = "x")))
        log.add(served(policyOf(Arm("now", 1.0, StaticSelector), Arm("x", 0.0, StaticSelector), name = "other"), "y"))
        log.excluded shouldContainExactly mapOf("its answer had not ended" to 1, "it was in no experiment that is asked for" to 1)
        val report = log.reports().single()
        report.mixedUnits shouldBe 1
        report.arms.sumOf { it.requests } shouldBe 1
        report.render() shouldContain "1 units were in more than one arm"
        report.render() shouldContain "too few units"
    }

    @Test
    fun `a record names the arm, is decided again by it, and its chances are those of the split`() {
        val drawn = policyOf(Arm("now", 0.8, StaticSelector), Arm("new", 0.2, WeightedSelector))
        val record = served(drawn, "conversation 1")
        val row = record.exportRow()
        row shouldContain "\"experiment\":{\"name\":\"trial\",\"arm\":\""
        row shouldNotContain "conversation 1\",\"unit"
        val back = decisionRecordOf(row)
        back.traits.arm shouldBe record.traits.arm
        back.render() shouldContain "trial: arm "
        replay(back, drawn).isSame shouldBe true
        back.propensities.shouldNotBeNull().getValue("small") shouldBe (0.8 + 0.2 * 0.5 plusOrMinus 1e-9)
        val log = ReplayLog(mapOf("split" to drawn, "large" to split)).apply { repeat(200) { add(served(drawn, "u$it")) } }
        log.excluded shouldBe emptyMap()
        log.size.toDouble() shouldBeGreaterThan 199.0
    }

    private companion object {
        const val SEED = 20_261_130
    }
}
