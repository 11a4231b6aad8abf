package routercluster.gateway.admin

import routercluster.gateway.pipeline.ReplayIds
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Decision records by request id or replay id: this node's own first, then wherever else they are kept. */
class DecisionLookup(private val ring: DecisionRing, private val replayIds: ReplayIds, private val records: Records) {
    /** Null where nobody has it. */
    fun find(id: String): CompletionStage<DecisionRecord?> {
        val requestId = replayIds.read(id)?.requestId ?: id
        return ring[requestId]?.let { CompletableFuture.completedFuture<DecisionRecord?>(it) } ?: records.find(requestId)
    }

    /** Of this node alone, the oldest first, from behind that of [id] on; also such whose answer has not ended. */
    fun after(id: String?, count: Int): List<DecisionRecord> = ring.after(id, count)

    /** Of this node alone, the newest first. */
    fun newest(count: Int): List<DecisionRecord> = ring.newest(count)
}
