package routercluster.policy.record

import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Where decision records are found that this node's own ring does not have. Safe for use by many threads; no call waits. */
interface Records {
    /** Keeps [record], whose answer has ended, for the time [keepFor]. It may be dropped where records come faster than they are kept. */
    fun keep(record: DecisionRecord, keepFor: Duration)

    /** Null where nobody has it, or nobody who has it answers. Never fails. */
    fun find(requestId: String): CompletionStage<DecisionRecord?>

    companion object {
        /** There is nowhere else to look. */
        val NONE: Records =
            object : Records {
                override fun keep(record: DecisionRecord, keepFor: Duration) = Unit

                override fun find(requestId: String): CompletionStage<DecisionRecord?> = CompletableFuture.completedFuture(null)
            }
    }
}
