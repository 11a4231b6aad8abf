package routercluster.policy.limits

import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** Keeps the [Ledger]s. A stage that fails leaves open whether it was done; the same [Sync] may be sent again. */
fun interface LimitAuthority {
    /** @param counter a [CounterId.text] */
    fun sync(counter: String, pace: Pace, sync: Sync): CompletionStage<LeaseReply>
}

/**
 * An authority for one process, which forgets when that ends.
 *
 * @param nowMillis never goes back
 */
class MemoryAuthority(private val nowMillis: () -> Long) : LimitAuthority {
    private val ledgers = ConcurrentHashMap<String, Kept>()
    private val sinceSwept = AtomicInteger()

    private class Kept(val ledger: Ledger, val pace: Pace, val reply: LeaseReply)

    override fun sync(counter: String, pace: Pace, sync: Sync): CompletionStage<LeaseReply> {
        if (sinceSwept.incrementAndGet() >= SWEEP_AFTER) sweep()
        val kept = ledgers.compute(counter) { _, known ->
            // A policy may have changed the algorithm.
            val before = known?.takeIf { it.pace.algorithm == pace.algorithm }?.ledger ?: Ledger.empty(pace, nowMillis())
            val (after, reply) = before.sync(sync, pace, nowMillis())
            Kept(after, pace, reply)
        }
        return CompletableFuture.completedFuture(checkNotNull(kept).reply)
    }

    /** Forgets counts that have become as if they had never been, so that the number of those that are kept follows the use. */
    private fun sweep() {
        sinceSwept.set(0)
        for (counter in ledgers.keys) {
            ledgers.computeIfPresent(counter) { _, kept -> kept.takeUnless { it.ledger.on(nowMillis(), it.pace).isEmpty } }
        }
    }

    private companion object {
        const val SWEEP_AFTER = 10_000
    }
}
