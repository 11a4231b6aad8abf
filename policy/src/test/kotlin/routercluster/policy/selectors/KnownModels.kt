package routercluster.policy.selectors

import routercluster.policy.Candidate
import routercluster.policy.FailureClass
import routercluster.policy.models.Model
import routercluster.policy.models.ModelCard
import routercluster.policy.models.Pricing
import routercluster.policy.outcomes.Figures
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.Measured
import routercluster.policy.outcomes.ModelFigures
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.VerdictSums
import java.time.Duration
import kotlin.random.Random

/** A candidate of which the policy says that much. [price] is of a million tokens, prompt and completion alike. */
internal fun candidate(
    name: String,
    quality: Double? = null,
    price: Double? = null,
    description: String? = null,
    capabilities: List<String> = emptyList(),
) = Candidate(
    Model(
        name,
        emptyList(),
        ModelCard(description = description, capabilities = capabilities, quality = quality),
        price?.let { Pricing("USD", it, it) },
    ),
)

/** Figures of a model: [answers] good ones that took that long, [failed] attempts, and verdicts. */
internal fun known(
    firstByteMillis: Long = 100,
    perTokenMillis: Long = 10,
    answers: Int = 0,
    failed: Long = 0,
    good: Double = 0.0,
    bad: Double = 0.0,
    inFlight: Int = 0,
): ModelFigures {
    val one = Performance(
        attempts = 1,
        firstByte = LatencySketch.of(Duration.ofMillis(firstByteMillis)),
        perToken = LatencySketch.of(Duration.ofMillis(perTokenMillis)),
    )
    val served = (1..answers).fold(Performance.NONE) { sum, _ -> sum + one }
    val broken = if (failed == 0L) Performance.NONE else Performance(failed, mapOf(FailureClass.SERVER_ERROR to failed))
    val verdicts = VerdictSums(goodFit = (good * VerdictSums.WHOLE).toLong(), underpowered = (bad * VerdictSums.WHOLE).toLong())
    return ModelFigures(ModelStatistics(served + broken, verdicts), inFlight)
}

internal fun figures(vararg models: Pair<String, ModelFigures>) = Figures(models.toMap())

internal fun Selector.names(candidates: List<Candidate>, measured: Measured = Measured.NONE, seed: Int = 1): List<String> =
    rank(candidates, SelectionContext(Random(seed), measured)).map { it.candidate.model.name }

/** How often each model is first in so many rankings of other seeds. */
internal fun Selector.firsts(candidates: List<Candidate>, measured: Measured, draws: Int): Map<String, Int> =
    (1..draws).groupingBy { names(candidates, measured, it).first() }.eachCount()
