package routercluster.policy.record

import routercluster.policy.outcomes.VerdictSums
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Where decision records are found that this node's own ring does not have. Safe for use by many threads; no call waits. */
interface Records {
    /** Keeps [record], whose answer has ended, for the time [keepFor]. It may be dropped where records come faster than they are kept. */
    fun keep(record: DecisionRecord, keepFor: Duration)

    /** Null where nobody has it, or nobody who has it answers. Never fails. */
    fun find(requestId: String): CompletionStage<DecisionRecord?>

    /** Somebody said [sums] of the answer to a request whose record this node does not have: whichever node has it is told. May be lost. */
    fun judged(requestId: String, sums: VerdictSums)

    companion object {
        /** There is nowhere else to look. */
        val NONE: Records =
            object : Records {
                override fun keep(record: DecisionRecord, keepFor: Duration) = Unit

                override fun judged(requestId: String, sums: VerdictSums) = Unit

                override fun find(requestId: String): CompletionStage<DecisionRecord?> = CompletableFuture.completedFuture(null)
            }
    }
}
