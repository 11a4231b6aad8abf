package routercluster.policy.outcomes

import routercluster.policy.outcomes.file.ImportMode
import routercluster.policy.outcomes.file.ImportPart
import java.time.Instant

/** Sums of one producer that are counted as a whole; [sequence] from 1. */
data class Batch(val producer: Producer, val sequence: Long, val sums: DecisionStatistics)

/** What came of a feedback. */
sealed interface Judgement {
    /** It is counted and will not be lost. [repeated] tells that it had been counted before. */
    data class Counted(val repeated: Boolean) : Judgement

    /** Its id was used before for something else. */
    data object Contradicts : Judgement

    /** Whoever says it has had all the weight that one identity may have; see [Influence]. Nothing is counted. */
    data object Capped : Judgement

    /** It may be lost: tell it again, with the same id. [reason] is for people. */
    data class NotKept(val reason: String) : Judgement
}

/**
 * All that a selector knows, and which batches and feedbacks that comes from. Immutable: every fold gives another one.
 *
 * @property judged what was said, by feedback id; the newest [JUDGED_MAX]
 * @property influence who said how much
 * @property imports parts of imports that were added up, the newest [IMPORTS_MAX]
 */
data class SelectorState(
    val statistics: DecisionStatistics = DecisionStatistics.NONE,
    val batches: AppliedBatches = AppliedBatches(),
    val judged: Map<String, VerdictSums> = emptyMap(),
    val influence: Influence = Influence.NONE,
    val imports: Set<String> = emptySet(),
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
        val before = judged[feedback.id]
        return when {
            before != null -> if (before == feedback.sums) Judgement.Counted(repeated = true) else Judgement.Contradicts
            influence.allows(feedback) -> Judgement.Counted(repeated = false)
            else -> Judgement.Capped
        }
    }

    /** With [feedback] where its id is new and it counts, else the same: what is capped pushes no other id out. */
    fun plus(feedback: Feedback): SelectorState {
        if (feedback.id in judged || !influence.allows(feedback)) return this
        val ids = LinkedHashMap(judged)
        ids[feedback.id] = feedback.sums
        while (ids.size > JUDGED_MAX) ids.remove(ids.keys.first())
        return copy(statistics = statistics.hearing(DecisionStatistics.of(feedback)), judged = ids, influence = influence + feedback)
    }

    /** With [part], unless it was added up before. */
    fun plus(part: ImportPart): SelectorState {
        if (hasCounted(part)) return this
        val after = copy(statistics = part.into(statistics))
        if (part.mode != ImportMode.MERGE) return after
        return after.copy(imports = (imports + part.name).toList().takeLast(IMPORTS_MAX).toSet())
    }

    fun hasCounted(part: ImportPart): Boolean = part.mode == ImportMode.MERGE && part.name in imports

    private val ImportPart.name get() = "$id/${model.orEmpty()}"

    /** Without what has left its window at [now]. */
    fun since(now: Instant): SelectorState = copy(statistics = statistics.since(now), influence = influence.since(now))

    /** As [since], with what models fell; see [DecisionStatistics.settled]. */
    fun settled(now: Instant): SelectorState = copy(statistics = statistics.settled(now), influence = influence.since(now))

    companion object {
        /** Feedback ids kept of one decision; a repeat of an older one counts again. */
        const val JUDGED_MAX = 4_096

        /** Parts of imports kept of one decision; a repeat of an older one counts again. */
        const val IMPORTS_MAX = 1_024
    }
}
