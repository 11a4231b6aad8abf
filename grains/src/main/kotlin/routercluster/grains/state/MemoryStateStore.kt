package routercluster.grains.state

import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/** Keeps states as long as the process lives: for tests, and where nothing is to outlive it. What expired stays until it is asked for. */
class MemoryStateStore(private val clock: InstantSource) : StateStore {
    private val states = ConcurrentHashMap<StateKey, Entry>()
    private val revisions = AtomicLong()

    override fun load(key: StateKey): CompletionStage<StoredState?> =
        CompletableFuture.completedFuture(states[key]?.takeIf { it.lives() }?.let { StoredState(it.revision, it.bytes) })

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?): CompletionStage<Long> {
        val entry = Entry(revisions.incrementAndGet(), bytes.clone(), expiresAfter?.let { clock.instant() + it })
        return change(key, expectedRevision, entry).thenApply { entry.revision }
    }

    override fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit> =
        if (states[key]?.lives() == true) change(key, expectedRevision, null) else CompletableFuture.completedFuture(Unit)

    override fun close() = states.clear()

    private fun change(key: StateKey, expectedRevision: Long, entry: Entry?): CompletableFuture<Unit> {
        val changed = CompletableFuture<Unit>()
        states.compute(key) { _, kept ->
            val fits = (kept?.takeIf { it.lives() }?.revision ?: 0L) == expectedRevision
            if (fits) changed.complete(Unit) else changed.completeExceptionally(StateFailure.Stale(key, expectedRevision))
            if (fits) entry else kept
        }
        return changed
    }

    private inner class Entry(val revision: Long, val bytes: ByteArray, private val expiresAt: Instant?) {
        fun lives(): Boolean = expiresAt == null || clock.instant() < expiresAt
    }
}
