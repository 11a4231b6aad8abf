package routercluster.grains.state

import java.time.Duration
import java.util.concurrent.CompletionStage

/**
 * Names a kept state.
 *
 * @property kind of grain, such as `conversation`
 * @property id of the grain within its kind; any text of at most [ID_BYTES_MAX] bytes
 */
data class StateKey(val kind: String, val id: String) {
    init {
        require(id.toByteArray().size <= ID_BYTES_MAX) { "an id of $kind takes more than $ID_BYTES_MAX bytes" }
    }

    companion object {
        const val ID_BYTES_MAX = 512
    }
}

/** A kept state. [revision] is above 0, grows with each save, and does not come again when the key is forgotten and used anew. */
class StoredState(val revision: Long, val bytes: ByteArray)

/**
 * Where grains keep their states. The store itself compares revisions, so that of two writers, such as a grain and its double on
 * the other side of a broken network, the one that knows less loses. A save that was acknowledged is on disk, as far as the store
 * itself promises that. Safe for use by many threads; no call blocks, and each is answered within a time that the store bounds.
 */
interface StateStore : AutoCloseable {
    /** Whether all nodes of a cluster keep their states in it, so that somebody else may have saved what a grain takes for its own. */
    val isShared: Boolean get() = false

    /** Null where nothing is kept. Fails with [StateFailure.Unavailable] or [StateFailure.Unreadable]. */
    fun load(key: StateKey): CompletionStage<StoredState?>

    /** The kept revision, 0 where nothing is kept. Fails as [load] does. */
    fun revision(key: StateKey): CompletionStage<Long> = load(key).thenApply { it?.revision ?: 0L }

    /**
     * Keeps [bytes] where the kept revision is still [expectedRevision], 0 where nothing is kept yet, and tells the new revision.
     *
     * Fails with [StateFailure.Stale] where it is not, with [StateFailure.Unavailable] where it is not known whether it was kept,
     * and with [StateFailure.Full] where it was not kept for want of room.
     *
     * @param expiresAfter from now, unless it is saved again; null keeps it until it is deleted
     */
    fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration? = null): CompletionStage<Long>

    /** Forgets it where the kept revision is still [expectedRevision]; what is not kept is forgotten already. Fails as [save] does. */
    fun delete(key: StateKey, expectedRevision: Long): CompletionStage<Unit>
}

/** Why a [StateStore] did not do what it was asked. */
sealed class StateFailure(message: String, cause: Throwable? = null) : RuntimeException(message, cause) {
    /** Somebody else has saved meanwhile. */
    class Stale(val key: StateKey, val expectedRevision: Long) :
        StateFailure("${key.kind} ${key.id} is not at revision $expectedRevision any more")

    class Full(message: String) : StateFailure(message)

    class Unavailable(message: String, cause: Throwable? = null) : StateFailure(message, cause)

    /** Something is kept that is damaged, or that a newer version of this program has written. It stays as it is. */
    class Unreadable(message: String, cause: Throwable? = null) : StateFailure(message, cause)
}
