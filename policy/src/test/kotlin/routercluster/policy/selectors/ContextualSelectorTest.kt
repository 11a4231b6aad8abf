package routercluster.policy.selectors

import io.kotest.assertions.withClue
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.Test
import routercluster.policy.Candidate
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Feedback
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.SelectionKey
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.signals.ToyEncoder
import java.time.Instant
import kotlin.random.Random

private val labels = ToyEncoder.heads.getValue("domain").labels
private val now = Instant.parse("2026-11-29T12:00:00Z")

/** A request about [domain]. */
private fun about(domain: String, random: Random = Random(3), complexity: Double = 0.5): Traits {
    val embedding = ToyEncoder.vector("$domain ${random.nextInt(1_000)}")
    return Traits(embedding, labels.associateWith { if (it == domain) 0.87 else 0.01 }, complexity, textLength = 40)
}

private fun figures(statistics: DecisionStatistics) = Figures(statistics.models(now).mapValues { ModelFigures(it.value) })

private fun feedback(model: String, score: Double, point: ContextPoint?) =
    DecisionStatistics.of(Feedback("f", SelectionKey("r", "d"), model, VerdictSums.ofScore(score), now, context = point))

class ContextualSelectorTest : SelectorContract {
    private val lawyer = candidate("m0")
    private val mathematician = candidate("m1")
    private val both = listOf(lawyer, mathematician)

    override val selector = bound()

    override fun measured() = figures(feedback("m1", 1.0, point(about("law"))) + feedback("m1", 0.0, point(about("math"))))

    override fun traits() = about("law")

    private fun bound(settings: ContextualSettings = ContextualSettings(), candidates: List<Candidate> = both) =
        ContextualSelector(settings).bound(candidates, ToyEncoder.catalog)

    private fun point(traits: Traits): ContextPoint {
        bound().rank(both, SelectionContext(Random(1), traits = traits))
        return traits.contextPoint().shouldNotBeNull()
    }

    private fun sharesRight(selector: Selector, measured: Figures, seed: Int): Double {
        val random = Random(seed)
        return (1..200)
            .count {
                val domain = if (random.nextBoolean()) "law" else "math"
                val first = selector.rank(both, SelectionContext(random, measured, about(domain, random))).first()
                first.candidate == if (domain == "law") lawyer else mathematician
            }.toDouble() / 200
    }

    @Test
    fun `learns which model answers which requests well, by thompson and by ucb`() {
        for (method in ContextualMethod.entries) {
            val selector = bound(ContextualSettings(method, costWeight = 0.0))
            val random = Random(11)
            var statistics = DecisionStatistics.NONE
            repeat(600) {
                val domain = if (random.nextBoolean()) "law" else "math"
                val traits = about(domain, random)
                val first = selector.rank(both, SelectionContext(random, figures(statistics), traits)).first().candidate
                val isRight = (first == lawyer) == (domain == "law")
                val score = if (random.nextDouble() < if (isRight) 0.9 else 0.3) 1.0 else 0.0
                statistics += feedback(first.model.name, score, traits.contextPoint())
            }
            withClue(method) { sharesRight(selector, figures(statistics), seed = 5) shouldBeGreaterThan 0.9 }
        }
    }

    @Test
    fun `what is unknown is tried, and what is sure is not`() {
        val fresh = Figures()
        val firsts = (1..500)
            .groupingBy {
                bound()
                    .rank(both, SelectionContext(Random(it), fresh, about("law")))
                    .first()
                    .candidate.model.name
            }.eachCount()
        (firsts.getValue("m0") / 500.0) shouldBe (0.5 plusOrMinus 0.1)
        val never = bound(ContextualSettings(exploration = 0.0, costWeight = 0.0))
        val known = figures((1..20).map { feedback("m0", 0.0, point(about("law"))) }.reduce(DecisionStatistics::plus))
        (1..50).all { never.rank(both, SelectionContext(Random(it), known, about("law"))).first().candidate == mathematician } shouldBe true
    }

    @Test
    fun `the prior is the card's quality, and cost and time are taken off`() {
        val carded = listOf(candidate("m0", quality = 0.9, price = 10.0), candidate("m1", quality = 0.6, price = 1.0))

        fun first(settings: ContextualSettings, figures: Figures = Figures()) =
            bound(settings, carded)
                .rank(carded, SelectionContext(Random(1), figures, about("law")))
                .first()
                .candidate.model.name
        first(ContextualSettings(exploration = 0.0, costWeight = 0.1)) shouldBe "m0"
        first(ContextualSettings(exploration = 0.0, costWeight = 0.5)) shouldBe "m1"
        val times = figures("m0" to known(500, answers = 3), "m1" to known(50, answers = 3))
        first(ContextualSettings(exploration = 0.0, costWeight = 0.0, latencyWeight = 0.5), times) shouldBe "m1"
        first(ContextualSettings(exploration = 0.0, costWeight = 0.0, latencyWeight = 0.5)) shouldBe "m0"
    }

    @Test
    fun `where a feature is not known it goes by verdicts alone and says so`() {
        val blind =
            Traits(domains = labels.associateWith { 1.0 / 14 }, complexity = 0.5, lacks = mapOf(Need.EMBEDDING to "the queue is full"))
        val figures = figures("m0" to known(good = 90.0, bad = 10.0), "m1" to known(good = 10.0, bad = 90.0))
        val ranked = bound().rank(both, SelectionContext(Random(1), figures, blind))
        ranked.first().candidate shouldBe lawyer
        ranked.first().reason shouldContain "the queue is full, so by verdicts alone: expects 0.892 give or take"
        blind.contextPoint().shouldBeNull()
    }

    @Test
    fun `points of other features are never mixed`() {
        val full = point(about("law"))
        val narrow = about("law").also { traits ->
            bound(ContextualSettings(features = setOf(ContextFeature.DOMAIN))).rank(both, SelectionContext(Random(1), traits = traits))
        }
        full.layout.size shouldBe 16 + 14 + 1 + 1 + 1
        narrow
            .contextPoint()
            .shouldNotBeNull()
            .layout.size shouldBe 15
        val fewer = about("law").also { traits ->
            bound(ContextualSettings(dimensions = 8)).rank(both, SelectionContext(Random(1), traits = traits))
        }
        fewer.contextPoint().shouldNotBeNull().id shouldNotBe full.id
        point(about("law")).id shouldBe full.id
    }

    @Test
    fun `needs nothing that it does not look at`() {
        bound(ContextualSettings(features = setOf(ContextFeature.LENGTH))).needs shouldBe emptySet()
        bound().needs shouldBe setOf(Need.EMBEDDING, Need.DOMAIN, Need.COMPLEXITY)
    }
}

class ContextualUcbTest : SelectorContract {
    override val selector = ContextualSelector(ContextualSettings(ContextualMethod.UCB)).bound(emptyList(), ToyEncoder.catalog)

    override fun traits() = about("law")
}
