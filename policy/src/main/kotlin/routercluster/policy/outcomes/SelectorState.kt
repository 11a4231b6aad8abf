package routercluster.policy.outcomes

import java.time.Instant

/** Sums of one producer that are counted as a whole; [sequence] from 1. */
data class Batch(val producer: Producer, val sequence: Long, val sums: DecisionStatistics)

/** What came of a feedback. */
sealed interface Judgement {
    /** It is counted and will not be lost. [repeated] tells that it had been counted before. */
    data class Counted(val repeated: Boolean) : Judgement

    /** Its id was used before for something else. */
    data object Contradicts : Judgement

    /** It may be lost: tell it again, with the same id. [reason] is for people. */
    data class NotKept(val reason: String) : Judgement
}

/**
 * All that a selector knows, and which batches and feedbacks that comes from. Immutable: every fold gives another one.
 *
 * @property judged what was said, by feedback id; the newest [JUDGED_MAX]
 */
data class SelectorState(
    val statistics: DecisionStatistics = DecisionStatistics.NONE,
    val batches: AppliedBatches = AppliedBatches(),
    val judged: Map<String, VerdictSums> = emptyMap(),
) {
    /** With [batch] where it is new, else the same. */
    fun plus(batch: Batch): SelectorState =
        if (batches.arrival(batch.producer, batch.sequence) == Arrival.NEW) {
            copy(statistics = statistics + batch.sums, batches = batches.plus(batch.producer, batch.sequence))
        } else {
            this
        }

    /** What [feedback] comes to here. */
    fun judgement(feedback: Feedback): Judgement {
        val before = judged[feedback.id] ?: return Judgement.Counted(repeated = false)
        return if (before == feedback.sums) Judgement.Counted(repeated = true) else Judgement.Contradicts
    }

    /** With [feedback] where its id is new, else the same. */
    fun plus(feedback: Feedback): SelectorState {
        if (feedback.id in judged) return this
        val ids = LinkedHashMap(judged)
        ids[feedback.id] = feedback.sums
        while (ids.size > JUDGED_MAX) ids.remove(ids.keys.first())
        return copy(statistics = statistics + DecisionStatistics.of(feedback), judged = ids)
    }

    /** Without what has left its window at [now]. */
    fun since(now: Instant): SelectorState = copy(statistics = statistics.since(now))

    companion object {
        /** Feedback ids kept of one decision; a repeat of an older one counts again. */
        const val JUDGED_MAX = 4_096
    }
}
