package routercluster.policy.evaluation

import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.maps.shouldContainExactly
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
import routercluster.policy.routing.plan
import routercluster.policy.routing.resolve
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.ThompsonSelector
import routercluster.policy.selectors.WeightedSelector
import java.time.Duration
import java.time.Instant
import kotlin.random.Random

/** From requests that were served to what another policy would have made of them. */
class ReplayLogTest {
    private val random = Random(SEED)

    private fun policyOf(small: Double, large: Double, selector: Selector = WeightedSelector): Policy {
        val candidates = listOf(Candidate(model("small"), small), Candidate(model("large"), large))
        return policy(recipe(emptyList(), decision("any", and(), candidates = candidates, selector = selector)))
    }

    /** The small model is good in 6 of 10 cases and costs 1, the large one in 9 of 10 and costs 5. */
    private fun served(policy: Policy, asked: String = "auto"): DecisionRecord {
        val record = DecisionRecord.of("r", Instant.EPOCH, policy.plan(policy.resolve(asked), someFacts, random))
        val isSmall = record.action.model == "small"
        record.ended(
            UsageNote(10, 10, null, false, if (isSmall) 1.0 else 5.0, 0.0, "EUR"),
            record.action.model,
            EndNote(200, null, null, Duration.ofMillis(if (isSmall) 100 else 400)),
        )
        record.judged(VerdictSums.ofScore(if (random.nextDouble() < if (isSmall) 0.6 else 0.9) 1.0 else 0.0))
        return record
    }

    @Test
    fun `what another policy would have come to is told from exported rows`() {
        val logging = policyOf(0.7, 0.3)
        val log = ReplayLog(mapOf("now" to logging, "bold" to policyOf(0.2, 0.8)))
        repeat(4_000) { log.add(decisionRecordOf(served(logging).exportRow())) }
        val evaluation = log.evaluate(seed = 1)
        val bold = { metric: Metric ->
            evaluation
                .finding("bold", metric)
                ?.best
                .shouldNotBeNull()
                .value
        }
        bold(Metric.QUALITY) shouldBe (0.2 * 0.6 + 0.8 * 0.9 plusOrMinus 0.03)
        bold(Metric.COST) shouldBe (0.2 * 1 + 0.8 * 5 plusOrMinus 1e-6)
        bold(Metric.LATENCY) shouldBe (0.2 * 100 + 0.8 * 400 plusOrMinus 1e-6)
        bold(Metric.SUCCESS) shouldBe (1.0 plusOrMinus 1e-9)
        evaluation
            .finding("always large", Metric.QUALITY)
            ?.best
            .shouldNotBeNull()
            .value shouldBe (0.9 plusOrMinus 0.03)
        evaluation.differences.associate { it.metric to it.better }.filterKeys { it != Metric.SUCCESS } shouldContainExactly
            mapOf(Metric.QUALITY to "bold", Metric.COST to "now", Metric.LATENCY to "now")
        log.excluded shouldBe emptyMap()
    }

    @Test
    fun `what says nothing is left out, with the reason`() {
        val logging = policyOf(1.0, 0.0)
        val log = ReplayLog(mapOf("p" to policyOf(0.5, 0.5)))
        log.add(served(logging, "small"))
        log.add(served(logging, "nobody"))
        log.add(DecisionRecord.of("r", Instant.EPOCH, logging.plan(logging.resolve("auto"), someFacts, random)))
        log.add(served(logging))
        log.excluded shouldContainExactly
            mapOf("it named its model itself" to 1, "it went to no model" to 1, "its answer had not ended" to 1)
        log.size shouldBe 1
        log.evaluate(1).findings.none { it.best != null } shouldBe true
        log.notes().first() shouldBe "1 choices are used."
    }

    @Test
    fun `a selector that learns is judged by recorded figures alone`() {
        val logging = policyOf(0.5, 0.5)
        val log = ReplayLog(mapOf("learnt" to policyOf(0.5, 0.5, ThompsonSelector)))
        log.add(served(logging))
        log.excluded.keys.single() shouldBe "by learnt, the record lacks figures of models, which the selector goes by"
        val same = policyOf(0.5, 0.5, ThompsonSelector)
        repeat(60) { log.add(decisionRecordOf(served(same).exportRow())) }
        log.size shouldBe 60
    }

    @Test
    fun `the report is one page that quotes names safely`() {
        val logging = policyOf(0.7, 0.3)
        val log = ReplayLog(mapOf("<b>" to policyOf(0.2, 0.8)))
        repeat(500) { log.add(served(logging)) }
        val evaluation = log.evaluate(1)
        val page = evaluation.toHtml("A & B", log.notes())
        page shouldContain "<svg"
        page shouldContain "&lt;b&gt;"
        page shouldNotContain "<b>"
        page shouldContain "A &amp; B"
        evaluation.render() shouldContain "QUALITY\n  <b>: 0."
        evaluation.toJson()["findings"].size() shouldBe Metric.entries.size * 3
    }

    private companion object {
        const val SEED = 20_261_130
    }
}
