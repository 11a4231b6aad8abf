package routercluster.grains.selector

import routercluster.policy.FailureClass
import routercluster.policy.outcomes.AppliedBatches
import routercluster.policy.outcomes.Cell
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.Freeze
import routercluster.policy.outcomes.FreezeCause
import routercluster.policy.outcomes.Influence
import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.ModelStatistics
import routercluster.policy.outcomes.Performance
import routercluster.policy.outcomes.Producer
import routercluster.policy.outcomes.Progress
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
 */
data class WireStatistics(
    val performance: List<WirePerformance>,
    val verdicts: List<WireVerdicts>,
    val recent: List<WireVerdicts> = emptyList(),
    val frozen: List<WireFreeze> = emptyList(),
)

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

/** In thousandths. */
data class WireSums(val goodFit: Long, val underpowered: Long, val overprovisioned: Long, val failed: Long)

/** A selector's state as it is kept. Format 1 had no [influence]: nobody's word was bounded. */
data class KeptSelector(
    val statistics: WireStatistics,
    val batches: List<KeptProducer>,
    val judged: List<KeptFeedback>,
    val influence: List<KeptVoice> = emptyList(),
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
    )

internal fun WireStatistics.toStatistics() =
    DecisionStatistics(
        performance.associate { Cell(it.slice, it.model) to it.toPerformance() },
        verdicts.associate { Cell(it.slice, it.model) to it.sums.toSums() },
        recent.associate { Cell(it.slice, it.model) to it.sums.toSums() },
    )

/** The sums of whole windows, all in slice 0. */
internal fun Map<String, ModelStatistics>.toWire() =
    WireStatistics(
        map { (model, statistics) -> statistics.performance.toWire(Cell(0, model)) },
        map { (model, statistics) -> WireVerdicts(0, model, statistics.verdicts.toWire()) },
        frozen = mapNotNull { (model, statistics) -> statistics.frozen?.toWire(model) },
    )

private fun Freeze.toWire(model: String) = WireFreeze(model, cause.name, before, after, count)

private fun WireFreeze.toFreeze(): Freeze? =
    FreezeCause.entries.firstOrNull { it.name == cause }?.let { Freeze(it, before, after, count) }

internal fun WireStatistics.toModels(): Map<String, ModelStatistics> {
    val judged = verdicts.associate { it.model to it.sums.toSums() }
    val reasons = frozen.associate { it.model to it.toFreeze() }
    return performance.associate {
        it.model to ModelStatistics(it.toPerformance(), judged[it.model] ?: VerdictSums.NONE, reasons[it.model])
    }
}

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
    )

internal fun KeptSelector.toState() =
    SelectorState(
        statistics.toStatistics(),
        AppliedBatches(batches.associate { Producer(it.node, it.incarnation) to Progress(it.through, it.ahead.toSet()) }),
        judged.associate { it.id to it.sums.toSums() },
        Influence(influence.associate { Voice(it.slice, it.identity, it.model) to it.weight }),
    )
