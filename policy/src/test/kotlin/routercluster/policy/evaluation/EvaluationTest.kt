package routercluster.policy.evaluation

import io.kotest.assertions.withClue
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import kotlin.random.Random

/** Estimates against simulated logs, of which the truth is known. */
class EvaluationTest {
    /** Requests of two kinds, three models; the logging policy prefers the first. */
    private class World(seed: Int) {
        private val random = Random(seed)
        private val quality = mapOf(
            "easy" to mapOf("a" to 0.8, "b" to 0.85, "c" to 0.9),
            "hard" to mapOf("a" to 0.3, "b" to 0.6, "c" to 0.8),
        )
        private val cost = mapOf("a" to 1.0, "b" to 3.0, "c" to 10.0)
        private val logging = mapOf("a" to 0.6, "b" to 0.25, "c" to 0.15)

        fun log(size: Int): List<Trial> =
            List(size) {
                val kind = if (random.nextInt(3) == 0) "hard" else "easy"
                val action = draw(logging)
                val good = if (random.nextDouble() < quality.getValue(kind).getValue(action)) 1.0 else 0.0
                Trial(
                    kind,
                    action,
                    logging,
                    mapOf(Metric.QUALITY to good, Metric.COST to cost.getValue(action) * random.nextDouble(0.5, 1.5)),
                )
            }

        private fun draw(chances: Map<String, Double>): String {
            var left = random.nextDouble()
            return chances.entries
                .firstOrNull { (_, chance) ->
                    left -= chance
                    left < 0
                }?.key ?: chances.keys.last()
        }

        fun truth(targets: (kind: String) -> Map<String, Double>): Double =
            listOf("easy" to 2.0 / 3, "hard" to 1.0 / 3).sumOf { (kind, share) ->
                share * targets(kind).entries.sumOf { (model, chance) -> chance * quality.getValue(kind).getValue(model) }
            }
    }

    private fun byKind(kind: String) = if (kind == "hard") mapOf("c" to 0.9, "b" to 0.1) else mapOf("a" to 0.7, "b" to 0.3)

    private fun contender(name: String, trials: List<Trial>, targets: (String) -> Map<String, Double>) =
        Contender(name, trials.map { targets(it.stratum) })

    private fun quality(trials: List<Trial>, targets: (String) -> Map<String, Double>, seed: Int) =
        evaluate(trials, listOf(contender("p", trials, targets)), seed.toLong()).finding("p", Metric.QUALITY).shouldNotBeNull()

    @Test
    fun `intervals hold the truth about as often as they say`() {
        val truth = World(0).truth(::byKind)
        val covered = Estimator.entries.associateWith { 0 }.toMutableMap()
        val means = Estimator.entries.associateWith { 0.0 }.toMutableMap()
        repeat(LOGS) { seed ->
            val finding = quality(World(seed).log(600), ::byKind, seed)
            finding.estimates.forEach { (estimator, interval) ->
                if (truth in interval.low..interval.high) covered.merge(estimator, 1, Int::plus)
                means.merge(estimator, interval.value / LOGS, Double::plus)
            }
        }
        Estimator.entries.forEach { estimator ->
            withClue(estimator) {
                (covered.getValue(estimator).toDouble() / LOGS).shouldBeBetween(0.90, 0.99, 0.0)
                means.getValue(estimator) shouldBe (truth plusOrMinus 0.01)
            }
        }
    }

    @Test
    fun `weights that sum to one and a model of results make the interval narrower`() {
        val estimates = quality(World(1).log(5_000), ::byKind, 1).estimates
        val width = { it: Estimator -> estimates.getValue(it).let { interval -> interval.high - interval.low } }
        width(Estimator.DOUBLY_ROBUST) shouldBeLessThan width(Estimator.IPS)
        width(Estimator.SNIPS) shouldBeLessThan width(Estimator.IPS)
    }

    @Test
    fun `a policy that picks as the log did comes to what the log came to`() {
        repeat(20) { seed ->
            val trials = World(seed).log(300)
            val own = Contender("own", trials.map { it.propensities })
            val result = evaluate(trials, listOf(own), seed.toLong())
            val finding = result.finding("own", Metric.COST).shouldNotBeNull()
            withClue("seed $seed") {
                finding.overlap.effective shouldBe (300.0 plusOrMinus 1e-6)
                listOf(Estimator.IPS, Estimator.SNIPS).forEach {
                    finding.estimates.getValue(it).value shouldBe (result.logged.getValue(Metric.COST).value plusOrMinus 1e-9)
                }
            }
        }
    }

    @Test
    fun `the better policy is named, and two alike are not told apart`() {
        val trials = World(7).log(4_000)
        val good = contender("good", trials) { mapOf("c" to 1.0) }
        val bad = contender("bad", trials) { mapOf("a" to 1.0) }
        val result = evaluate(trials, listOf(bad, good, contender("twin", trials) { mapOf("a" to 1.0) }), 1)
        val (toGood, toTwin) = result.differences.filter { it.metric == Metric.QUALITY }
        toGood.better shouldBe "good"
        toGood.by.low shouldBeGreaterThan 0.1
        toTwin.better.shouldBeNull()
        result.differences.first { it.metric == Metric.COST }.better shouldBe "bad"
    }

    @Test
    fun `too little overlap concludes nothing`() {
        val trials = World(3).log(1_000)
        val foreign = evaluate(trials, listOf(contender("p", trials) { mapOf("a" to 0.5, "new" to 0.5) }), 1)
        foreign.findings.first().let {
            it.best.shouldBeNull()
            it.overlap.refusal.shouldNotBeNull() shouldContain "50.0 % of its picks"
        }
        val few = World(4).log(40)
        val short = evaluate(few, listOf(contender("p", few, ::byKind), contender("q", few, ::byKind)), 1)
        short.findings
            .first()
            .overlap.refusal
            .shouldNotBeNull() shouldContain "50 are needed"
        short.differences shouldBe emptyList()
    }

    @Test
    fun `a metric that no choice has a result of is not estimated`() {
        val trials = World(5).log(200)
        val result = evaluate(trials, listOf(contender("p", trials, ::byKind)), 1)
        val finding = result.finding("p", Metric.LATENCY).shouldNotBeNull()
        finding.estimates shouldBe emptyMap()
        finding.best.shouldBeNull()
        result.logged.keys shouldBe setOf(Metric.QUALITY, Metric.COST)
        evaluate(emptyList(), listOf(Contender("p", emptyList())), 1).findings.all { it.best == null } shouldBe true
    }

    @Test
    fun `the same seed gives the same intervals`() {
        val trials = World(6).log(500)
        val once = quality(trials, ::byKind, 9).estimates
        quality(trials, ::byKind, 9).estimates shouldBe once
    }

    private companion object {
        const val LOGS = 200
    }
}
