package routercluster.bench

import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.BenchmarkMode
import org.openjdk.jmh.annotations.Fork
import org.openjdk.jmh.annotations.Measurement
import org.openjdk.jmh.annotations.Mode
import org.openjdk.jmh.annotations.OutputTimeUnit
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Scope
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.State
import org.openjdk.jmh.annotations.Warmup
import routercluster.policy.Candidate
import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.models.Model
import routercluster.policy.models.ModelCard
import routercluster.policy.models.Pricing
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.selectors.AutomixSelector
import routercluster.policy.selectors.ContextualSelector
import routercluster.policy.selectors.EloSelector
import routercluster.policy.selectors.HybridSelector
import routercluster.policy.selectors.LatencyAwareSelector
import routercluster.policy.selectors.LeastLoadedSelector
import routercluster.policy.selectors.MultiFactorSelector
import routercluster.policy.selectors.Ranked
import routercluster.policy.selectors.RlDrivenSelector
import routercluster.policy.selectors.RouterDcSelector
import routercluster.policy.selectors.RouterDcSettings
import routercluster.policy.selectors.SelectionContext
import routercluster.policy.selectors.Selector
import routercluster.policy.selectors.SessionAwareSelector
import routercluster.policy.selectors.SessionFacts
import routercluster.policy.selectors.StaticSelector
import routercluster.policy.selectors.ThompsonSelector
import routercluster.policy.selectors.Traits
import routercluster.policy.selectors.WeightedSelector
import routercluster.policy.selectors.contextPoint
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.math.sqrt
import kotlin.random.Random

/**
 * Choosing among ten candidates of which much is known, the embedding of the request at hand (384 numbers). Aim: under 20 µs in the median.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
open class SelectorBench {
    @Param(
        "static",
        "weighted",
        "latency_aware",
        "least_loaded",
        "thompson",
        "multi_factor",
        "router_dc",
        "automix",
        "hybrid",
        "elo",
        "rl_driven",
        "session_aware",
        "contextual",
    )
    var type: String = ""

    private val random = Random(1)
    private val embedding = unit()
    private val domains = List(DOMAINS) { "domain $it" }
    private val shares = domains.associateWith { 1.0 / DOMAINS }
    private val candidates = List(CANDIDATES) { Candidate(modelOf(it)) }
    private var selector: Selector = StaticSelector
    private var figures = Figures()

    @Setup
    fun prepare() {
        val bound = selectorOf(type).bound(candidates, catalog())
        selector = bound.exemplars?.let { exemplars -> bound.prepared(exemplars.texts.map { unit() }) } ?: bound
        // The first ranking tells what features a verdict would bring.
        val first = traits()
        selector.rank(candidates, SelectionContext(random, figures, first))
        figures = Figures(candidates.associate { it.model.name to ModelFigures(known(first), inFlight = random.nextInt(5)) })
    }

    @Benchmark
    fun rank(): List<Ranked> = selector.rank(candidates, SelectionContext(random, figures, traits()))

    private fun traits() =
        Traits(embedding, shares, 0.4, 1_200, textLength = 900, session = SessionFacts(4, "m3", Duration.ofSeconds(20), reuse = 0.8))

    private fun selectorOf(type: String): Selector =
        when (type) {
            "static" -> StaticSelector
            "weighted" -> WeightedSelector
            "latency_aware" -> LatencyAwareSelector(perTokenPercentile = 50, firstBytePercentile = 95)
            "least_loaded" -> LeastLoadedSelector
            "thompson" -> ThompsonSelector
            "multi_factor" -> MultiFactorSelector()
            "router_dc" -> RouterDcSelector(RouterDcSettings())
            "automix" -> AutomixSelector()
            "hybrid" -> HybridSelector()
            "elo" -> EloSelector()
            "rl_driven" -> RlDrivenSelector()
            "session_aware" -> SessionAwareSelector(MultiFactorSelector())
            "contextual" -> ContextualSelector()
            else -> error("no selector $type")
        }

    private fun modelOf(index: Int) =
        Model(
            "m$index",
            emptyList(),
            ModelCard("model number $index", quality = random.nextDouble()),
            Pricing(
                "USD",
                1.0 + index,
                2.0 + index,
            ),
        )

    private fun known(traits: Traits): ModelStatistics {
        val performance = (1..ANSWERS).fold(Performance.NONE) { sum, _ -> sum + served() }
        val verdicts = VerdictSums(goodFit = random.nextLong(100_000), underpowered = random.nextLong(100_000))
        val point = traits.contextPoint() ?: return ModelStatistics(performance, verdicts)
        return ModelStatistics(performance, verdicts, contexts = mapOf(point.layout to ContextSums.of(point, verdicts)))
    }

    private fun served() =
        Performance(
            attempts = 1,
            firstByte = LatencySketch.of(Duration.ofMillis(random.nextLong(50, 900))),
            perToken = LatencySketch.of(Duration.ofMillis(random.nextLong(5, 60))),
            promptTokens = 800,
            completionTokens = 200,
        )

    private fun unit(): FloatArray {
        val numbers = FloatArray(DIMENSIONS) { random.nextFloat() - 0.5f }
        val length = sqrt(numbers.sumOf { it.toDouble() * it }).toFloat()
        return FloatArray(DIMENSIONS) { numbers[it] / length }
    }

    private fun catalog(): Catalog {
        fun head(slot: Slot, labels: List<String> = emptyList()) = slot to NamedHead(HeadRef("bench", slot.key), Head(slot.task, labels))
        return Catalog(slots = mapOf(head(Slot.EMBEDDING), head(Slot.DOMAIN, domains), head(Slot.COMPLEXITY, listOf("easy", "hard"))))
    }

    private companion object {
        const val CANDIDATES = 10
        const val DOMAINS = 14
        const val DIMENSIONS = 384
        const val ANSWERS = 200
    }
}
