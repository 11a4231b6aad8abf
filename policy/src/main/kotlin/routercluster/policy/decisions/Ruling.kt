package routercluster.policy.decisions

import routercluster.policy.Decision
import routercluster.policy.selectors.Sight
import routercluster.policy.signals.Reading
import routercluster.policy.signals.Signal
import routercluster.policy.signals.SignalRef

/**
 * Which decision a request falls under, and what was read to know it.
 *
 * @property decision null where none matched
 * @property calls what was asked of encoders, in order
 * @property sight what was heard beside that for selectors of decisions that could win; null where nothing was asked for them
 */
class Ruling internal constructor(
    private val signals: List<Signal>,
    private val decisions: List<Decision>,
    private val nodes: RuleNodes,
    private val standing: Standing,
    private val winner: Int,
    val calls: List<EncodeCall> = emptyList(),
    internal val sight: Sight? = null,
) : Deciding {
    val decision: Decision? get() = decisions.getOrNull(winner)

    /** 0..1: what is certain of the winner's confidence; after a lazy evaluation unread signals might have raised it. */
    val confidence: Double get() = if (winner < 0) 0.0 else standing.confidence(winner)

    /** Whether the winner rests on a failed signal whose error policy refuses the request. */
    val isBlocked: Boolean get() = winner >= 0 && standing.truth(winner) == Truth.BLOCKED

    val evidence: Evidence get() = standing.evidence

    /** Every signal that was read, in the order of reading. */
    val readings: List<Pair<SignalRef, Reading>>
        get() {
            val read = ArrayList<Pair<SignalRef, Reading>>(standing.readCount)
            for (place in 0 until standing.readCount) {
                val signal = standing.readAt(place)
                standing.readingOf(signal)?.let { read.add(signals[signal].ref to it) }
            }
            return read
        }

    /** Per decision of the recipe, in the order of the file. */
    val verdicts: List<Verdict>
        get() = decisions.mapIndexed { index, it -> Verdict(it.name, standing.truth(index), standing.confidence(index)) }

    /** The failed signals that make the winner refuse; empty unless [isBlocked]. */
    val blockers: List<SignalRef>
        get() = if (isBlocked) blockersUnder(nodes.roots[winner]).map { signals[it].ref }.distinct() else emptyList()

    private fun blockersUnder(node: Int): List<Int> {
        if (standing.truthOf(node) != Truth.BLOCKED) return emptyList()
        return when (nodes.kinds[node]) {
            NodeKind.LEAF -> listOf(nodes.signals[node])
            NodeKind.OUTPUT, NodeKind.MEMBER -> nodes.signalsUnder(node..node).filter { standing.readingOf(it) is Reading.Failed }
            NodeKind.AND, NodeKind.OR, NodeKind.NOT -> nodes.childrenOf(node).flatMap(::blockersUnder)
        }
    }
}
