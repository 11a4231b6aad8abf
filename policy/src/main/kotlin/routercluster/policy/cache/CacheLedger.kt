package routercluster.policy.cache

import java.time.Duration
import java.time.Instant
import java.time.InstantSource
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Something an operator does to the cache.
 *
 * @property who the operator's address
 * @property entries that it concerns, as far as is known
 * @property lasts how long any answer is kept at most; what is invalidated is remembered that long
 */
data class CacheAct(
    val action: CacheAction,
    val filter: EntryFilter,
    val who: String,
    val entries: Long?,
    val lasts: Duration = Duration.ZERO,
)

/**
 * What was done to the cache, for all nodes: which answers are not to be given again, and who did what. Safe for use by many threads; no
 * call blocks.
 */
interface CacheLedger {
    /** As this node knows them now. As long as it knows nothing, it is one for all that is older than the node. */
    val invalidations: Invalidations

    /**
     * Notes [act]. Once it is told, it is durable, in force here, and the other nodes know of it within a second. Fails with a
     * [LedgerFailure]; after [LedgerFailure.Unavailable] nobody knows whether it was noted, and it may be said again.
     */
    fun note(act: CacheAct): CompletionStage<AuditLine>

    /** Up to [limit] lines with a number above [after], the oldest first. Fails with [LedgerFailure.Unavailable]. */
    fun audit(after: Long, limit: Int): CompletionStage<AuditPage>

    /** Tells [watcher] what the ledger holds, as soon as that is known, and after every change. It may hear of one twice. */
    fun watch(watcher: (Invalidations) -> Unit)
}

/** @property cut the hash before the oldest line that is still kept, which has the number [first]; 0 where there is none */
data class AuditPage(val lines: List<AuditLine>, val cut: String, val first: Long)

/** Why a [CacheLedger] did not do what it was asked. */
sealed class LedgerFailure(message: String) : RuntimeException(message) {
    class Unavailable(reason: String) : LedgerFailure(reason)

    /** There are [Invalidations.COUNT_MAX] invalidations. */
    class Full : LedgerFailure("${Invalidations.COUNT_MAX} invalidations are in force; a flush takes the place of all")
}

/**
 * All that a ledger keeps.
 *
 * @property lines the newest, at most [LINES_MAX]
 * @property cut the hash of the line before them
 */
data class LedgerBook(val invalidations: Invalidations, val lines: List<AuditLine>, val cut: String) {
    /** The hash of the newest line. */
    val head: String get() = lines.lastOrNull()?.hash ?: cut

    /** With [act] noted; null where no more invalidations can be. */
    fun note(act: CacheAct, now: Instant): LedgerBook? {
        val at = Instant.ofEpochMilli(now.toEpochMilli())
        val after = when (act.action) {
            CacheAction.INVALIDATE, CacheAction.FLUSH -> {
                val until = at + maxOf(act.lasts, REMEMBERED_MIN) + REMEMBERED_LONGER
                invalidations.with(Invalidation(act.filter, at, until), at) ?: return null
            }

            CacheAction.EXPORT, CacheAction.WARM_UP, CacheAction.READ -> {
                invalidations
            }
        }
        val all = lines + AuditLine.of((lines.lastOrNull()?.number ?: 0) + 1, at, act, head)
        val over = (all.size - LINES_MAX).coerceAtLeast(0)
        return LedgerBook(after, all.drop(over), if (over == 0) cut else all[over - 1].hash)
    }

    fun page(after: Long, limit: Int) = AuditPage(lines.filter { it.number > after }.take(limit), cut, lines.firstOrNull()?.number ?: 0)

    companion object {
        const val LINES_MAX = 10_000
        val EMPTY = LedgerBook(Invalidations.NONE, emptyList(), AuditLine.BEGINNING)

        /** A policy that was in force lately and may come back may have kept answers longer than the one that is. */
        val REMEMBERED_MIN: Duration = Duration.ofDays(7)

        /** For clocks of nodes and stores that differ. */
        private val REMEMBERED_LONGER: Duration = Duration.ofMinutes(5)
    }
}

/** A ledger of this process, which ends with it. */
class LocalCacheLedger(private val clock: InstantSource) : CacheLedger {
    private val watchers = CopyOnWriteArrayList<(Invalidations) -> Unit>()

    @Volatile private var book = LedgerBook.EMPTY

    override val invalidations: Invalidations get() = book.invalidations

    @Synchronized
    override fun note(act: CacheAct): CompletionStage<AuditLine> {
        book = book.note(act, clock.instant()) ?: return CompletableFuture.failedFuture(LedgerFailure.Full())
        if (act.action == CacheAction.INVALIDATE || act.action == CacheAction.FLUSH) watchers.forEach { it(book.invalidations) }
        return CompletableFuture.completedFuture(book.lines.last())
    }

    override fun audit(after: Long, limit: Int): CompletionStage<AuditPage> = CompletableFuture.completedFuture(book.page(after, limit))

    override fun watch(watcher: (Invalidations) -> Unit) {
        watchers += watcher
    }
}

/** The ledger of a cluster that shares no state: what one node were told, the others would not know. */
object NoCacheLedger : CacheLedger {
    override val invalidations: Invalidations get() = Invalidations.NONE

    override fun note(act: CacheAct): CompletionStage<AuditLine> = CompletableFuture.failedFuture(NOBODY)

    override fun audit(after: Long, limit: Int): CompletionStage<AuditPage> = CompletableFuture.failedFuture(NOBODY)

    override fun watch(watcher: (Invalidations) -> Unit) = Unit

    private val NOBODY = LedgerFailure.Unavailable("the nodes of this cluster share no state: the policy names no Redis")
}
