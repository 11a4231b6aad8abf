package routercluster.grains.selector

import routercluster.policy.FailureClass
import routercluster.policy.outcomes.AppliedBatches
import routercluster.policy.outcomes.Cell
import routercluster.policy.outcomes.ContextCell
import routercluster.policy.outcomes.ContextPoint
import routercluster.policy.outcomes.ContextSums
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Fall
import routercluster.policy.outcomes.Freeze
import routercluster.policy.outcomes.FreezeCause
import routercluster.policy.outcomes.Influence
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.Layout
import routercluster.policy.outcomes.LearntLayout
import routercluster.policy.outcomes.ModelPair
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.PairCell
import routercluster.policy.outcomes.PairSums
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.Priors
import routercluster.policy.outcomes.Producer
import routercluster.policy.outcomes.Progress
import routercluster.policy.outcomes.Rating
import routercluster.policy.outcomes.SelectorState
import routercluster.policy.outcomes.VerdictSums
import routercluster.policy.outcomes.Voice

/*
 * Statistics as they travel and as they are kept. They are apart from the values of the policy so that those can change without old
 * and new nodes losing each other.
 */

/**
 * @property recent the verdicts of the last hours once more, in shorter slices
 * @property frozen only in snapshots
 * @property contexts sums of linear models
 * @property falls only in what is kept or carried over
 * @property pairs comparisons of models; none in snapshots, which have [ratings]
 * @property ratings only in snapshots
 * @property priors only in what is kept or carried over
 */
data class WireStatistics(
    val performance: List<WirePerformance>,
    val verdicts: List<WireVerdicts>,
    val recent: List<WireVerdicts> = emptyList(),
    val frozen: List<WireFreeze> = emptyList(),
    val contexts: List<WireContext> = emptyList(),
    val falls: List<WireFall> = emptyList(),
    val pairs: List<WirePair> = emptyList(),
    val ratings: List<WireRating> = emptyList(),
    val priors: WirePriors? = null,
)

/** How often each of two models won against the other, in thousandths. */
data class WirePair(val slice: Long, val first: String, val second: String, val firstWon: Long, val secondWon: Long)

data class WireRating(val model: String, val logOdds: Double, val games: Double)

/** What is known beforehand; all slices are 0. */
data class WirePriors(val verdicts: List<WireVerdicts>, val contexts: List<WireContext>, val pairs: List<WirePair>)

/** When verdicts on [model] fell for the last time, and what was said [before], which counts no more. */
data class WireFall(val model: String, val slice: Long, val before: List<WireVerdicts>)

/** Why [model] should not be picked. [cause] is the name of a [FreezeCause]; nodes pass over one that they do not know. */
data class WireFreeze(val model: String, val cause: String, val before: Double, val after: Double, val count: Double)

/** Sketches are numbers of bins and their counts in turn. */
class WirePerformance(
    val slice: Long,
    val model: String,
    val attempts: Long,
    val failures: Map<FailureClass, Long>,
    val firstByte: LongArray,
    val total: LongArray,
    val perToken: LongArray,
    val promptTokens: Long,
    val completionTokens: Long,
    val costNanos: Long,
)

data class WireVerdicts(val slice: Long, val model: String, val sums: WireSums)

/** Sums of a linear model: [products] is the lower triangle, row by row. [layout] is the id of what its features are. */
class WireContext(val slice: Long, val model: String, val layout: Int, val products: LongArray, val rewards: LongArray)

/** Features of a request in 127ths. */
class WirePoint(val layout: Int, val values: ByteArray)

/** In thousandths. */
data class WireSums(val goodFit: Long, val underpowered: Long, val overprovisioned: Long, val failed: Long)

/** A selector's state as it is kept. Format 1 had no [influence]: nobody's word was bounded. */
data class KeptSelector(
    val statistics: WireStatistics,
    val batches: List<KeptProducer>,
    val judged: List<KeptFeedback>,
    val influence: List<KeptVoice> = emptyList(),
    val imports: List<String> = emptyList(),
)

/** Batches of [node] that were counted: all up to [through], and [ahead]. In the order in which producers were heard last. */
data class KeptProducer(val node: String, val incarnation: Long, val through: Long, val ahead: List<Long>)

data class KeptFeedback(val id: String, val sums: WireSums)

/** How much one identity said of a model, in thousandths of a verdict. In the order in which they were heard last. */
data class KeptVoice(val slice: Long, val identity: String, val model: String, val weight: Long)

internal fun DecisionStatistics.toWire() =
    WireStatistics(
        performance.map { (cell, sums) -> sums.toWire(cell) },
        verdicts.map { (cell, sums) -> WireVerdicts(cell.slice, cell.model, sums.toWire()) },
        recent.map { (cell, sums) -> WireVerdicts(cell.slice, cell.model, sums.toWire()) },
        contexts = contexts.map { (cell, sums) -> sums.toWire(cell) },
        falls = falls.map { (model, fall) -> fall.toWire(model) },
        pairs = pairs.map { (cell, sums) -> sums.toWire(cell) },
        priors = priors.takeIf { it != Priors.NONE }?.toWire(),
    )

internal fun WireStatistics.toStatistics() =
    DecisionStatistics(
        performance.associate { Cell(it.slice, it.model) to it.toPerformance() },
        verdicts.associate { Cell(it.slice, it.model) to it.sums.toSums() },
        recent.associate { Cell(it.slice, it.model) to it.sums.toSums() },
        contexts.associate { ContextCell(it.slice, it.model, it.toLayout()) to it.toSums() },
        pairs.associate { PairCell(it.slice, it.toPair()) to it.toSums() },
        falls.associate { it.model to it.toFall() },
        priors?.toPriors() ?: Priors.NONE,
    )

private fun PairSums.toWire(cell: PairCell) = WirePair(cell.slice, cell.pair.first, cell.pair.second, first, second)

private fun WirePair.toPair() = ModelPair(first, second)

private fun WirePair.toSums() = PairSums(firstWon, secondWon)

private fun Priors.toWire() =
    WirePriors(
        verdicts.map { (model, sums) -> WireVerdicts(0, model, sums.toWire()) },
        contexts.map { (of, sums) -> sums.toWire(ContextCell(0, of.model, of.layout)) },
        pairs.map { (pair, sums) -> sums.toWire(PairCell(0, pair)) },
    )

private fun WirePriors.toPriors() =
    Priors(
        verdicts.associate { it.model to it.sums.toSums() },
        contexts.associate { LearntLayout(it.model, it.toLayout()) to it.toSums() },
        pairs.associate { it.toPair() to it.toSums() },
    )

private fun Fall.toWire(model: String) = WireFall(model, slice, before.map { (day, sums) -> WireVerdicts(day, model, sums.toWire()) })

private fun WireFall.toFall() = Fall(slice, before.associate { it.slice to it.sums.toSums() })

/** The sums of whole windows, all in slice 0. */
internal fun Map<String, ModelStatistics>.toWire() =
    WireStatistics(
        map { (model, statistics) -> statistics.performance.toWire(Cell(0, model)) },
        map { (model, statistics) -> WireVerdicts(0, model, statistics.verdicts.toWire()) },
        frozen = mapNotNull { (model, statistics) -> statistics.frozen?.toWire(model) },
        contexts = flatMap { (model, statistics) ->
            statistics.contexts.map { (layout, sums) -> sums.toWire(ContextCell(0, model, layout)) }
        },
        ratings = mapNotNull { (model, statistics) -> statistics.rating?.let { WireRating(model, it.logOdds, it.games) } },
    )

private fun Freeze.toWire(model: String) = WireFreeze(model, cause.name, before, after, count)

private fun WireFreeze.toFreeze(): Freeze? =
    FreezeCause.entries.firstOrNull { it.name == cause }?.let { Freeze(it, before, after, count) }

internal fun WireStatistics.toModels(): Map<String, ModelStatistics> {
    val judged = verdicts.associate { it.model to it.sums.toSums() }
    val reasons = frozen.associate { it.model to it.toFreeze() }
    val learnt = contexts.groupBy { it.model }.mapValues { (_, all) -> all.associate { it.toLayout() to it.toSums() } }
    val rated = ratings.associate { it.model to Rating(it.logOdds, it.games) }
    return performance.associate {
        val model = it.model
        model to
            ModelStatistics(it.toPerformance(), judged[model] ?: VerdictSums.NONE, reasons[model], learnt[model].orEmpty(), rated[model])
    }
}

private fun ContextSums.toWire(cell: ContextCell) = WireContext(cell.slice, cell.model, cell.layout.id, products, rewards)

private fun WireContext.toLayout() = Layout(layout, rewards.size)

private fun WireContext.toSums() = ContextSums(products, rewards)

internal fun ContextPoint.toWire() = WirePoint(id, toBytes())

internal fun WirePoint.toPoint() = ContextPoint(layout, values)

private fun Performance.toWire(cell: Cell) =
    WirePerformance(
        cell.slice,
        cell.model,
        attempts,
        failures,
        firstByte.toLongs(),
        total.toLongs(),
        perToken.toLongs(),
        promptTokens,
        completionTokens,
        costNanos,
    )

private fun WirePerformance.toPerformance() =
    Performance(
        attempts,
        failures,
        LatencySketch.ofLongs(firstByte),
        LatencySketch.ofLongs(total),
        LatencySketch.ofLongs(perToken),
        promptTokens,
        completionTokens,
        costNanos,
    )

internal fun VerdictSums.toWire() = WireSums(goodFit, underpowered, overprovisioned, failed)

internal fun WireSums.toSums() = VerdictSums(goodFit, underpowered, overprovisioned, failed)

internal fun SelectorState.toKept() =
    KeptSelector(
        statistics.toWire(),
        batches.byProducer.map { (producer, progress) ->
            KeptProducer(producer.node, producer.incarnation, progress.through, progress.ahead.sorted())
        },
        judged.map { (id, sums) -> KeptFeedback(id, sums.toWire()) },
        influence.weights.map { (voice, weight) -> KeptVoice(voice.slice, voice.identity, voice.model, weight) },
        imports.toList(),
    )

internal fun KeptSelector.toState() =
    SelectorState(
        statistics.toStatistics(),
        AppliedBatches(batches.associate { Producer(it.node, it.incarnation) to Progress(it.through, it.ahead.toSet()) }),
        judged.associate { it.id to it.sums.toSums() },
        Influence(influence.associate { Voice(it.slice, it.identity, it.model) to it.weight }),
        imports.toSet(),
    )
