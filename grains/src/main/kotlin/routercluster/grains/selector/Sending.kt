package routercluster.grains.selector

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.outcomes.DecisionStatistics
import java.time.Duration
import java.time.Instant

/**
 * What is still to be counted by one selector grain. One batch is on its way at a time, the same until the grain has it durable; what
 * comes meanwhile is added up. For one thread.
 *
 * @param newIncarnation a number that no earlier sender of this node has used
 */
internal class Sending(private val node: String, private val newIncarnation: () -> Long) {
    private var incarnation = newIncarnation()
    private var sequence = 0L
    private var sent: DecisionStatistics? = null
    private var sums = DecisionStatistics.NONE
    private var triedNanos = 0L
    private var pause = PAUSE_MIN

    /** Attempts that wait or are on their way. */
    val attempts: Long get() = sums.attempts + (sent?.attempts ?: 0)
    val isIdle: Boolean get() = sent == null && sums.isEmpty

    /** False where there is no more room; then it is not added. */
    fun add(statistics: DecisionStatistics): Boolean {
        if (sums.cells >= CELLS_MAX) return false
        sums += statistics
        return true
    }

    /** The batch that is due now: a new one where none is on its way, or the same again after a pause. Null where none is. */
    fun due(nowNanos: Long, replyTo: ActorRef<SelectorReply>): SelectorCommand.Count? {
        if (sent == null) {
            if (sums.isEmpty) return null
            sent = sums
            sums = DecisionStatistics.NONE
            sequence++
            pause = PAUSE_MIN
        } else if (nowNanos - triedNanos < pause.toNanos()) {
            return null
        } else {
            pause = minOf(pause.multipliedBy(2), PAUSE_MAX)
        }
        triedNanos = nowNanos
        return sent?.let { SelectorCommand.Count(node, incarnation, sequence, it.toWire(), replyTo) }
    }

    /** Whether it was the batch on its way. */
    fun counted(incarnation: Long, sequence: Long): Boolean {
        if (incarnation != this.incarnation || sequence != this.sequence || sent == null) return false
        sent = null
        return true
    }

    /** The grain has forgotten this sender: the batch is sent again as the first of a new one. */
    fun startAnew(incarnation: Long, sequence: Long) {
        if (incarnation != this.incarnation || sequence != this.sequence) return
        this.incarnation = newIncarnation()
        this.sequence = 1
        triedNanos -= pause.toNanos()
    }

    /** Forgets what has waited beyond its window and would count for nothing any more; tells how many attempts that were. */
    fun expire(now: Instant): Long {
        val before = sums.attempts
        sums = sums.since(now)
        return before - sums.attempts
    }

    companion object {
        /** Slices of models that wait for one grain. */
        const val CELLS_MAX = 4_096
        val PAUSE_MIN: Duration = Duration.ofMillis(500)
        val PAUSE_MAX: Duration = Duration.ofSeconds(10)
    }
}

private val DecisionStatistics.attempts: Long get() = performance.values.sumOf { it.attempts }
