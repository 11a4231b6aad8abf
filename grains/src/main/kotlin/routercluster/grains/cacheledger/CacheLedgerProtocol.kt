package routercluster.grains.cacheledger

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop
import routercluster.policy.cache.AuditLine
import routercluster.policy.cache.CacheAct
import routercluster.policy.cache.CacheAction
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.Invalidation
import routercluster.policy.cache.Invalidations
import routercluster.policy.cache.LedgerBook
import java.time.Duration
import java.time.Instant

/** What the grain of the cache's ledger is told. Times are milliseconds since 1970. */
sealed interface CacheLedgerCommand {
    /** Note that this was done. Said twice, it is noted twice. */
    data class Note(val act: WireAct, val replyTo: ActorRef<NoteReply>) :
        CacheLedgerCommand,
        WireMessage

    /** Tell the invalidations. [known] is the [InvalidationsReply.Told.head] that the asker knows; empty for none. */
    data class Read(val known: String, val replyTo: ActorRef<InvalidationsReply>) :
        CacheLedgerCommand,
        WireMessage

    /** Tell up to [limit] lines with a number above [after]. */
    data class Audit(val after: Long, val limit: Int, val replyTo: ActorRef<AuditReply>) :
        CacheLedgerCommand,
        WireMessage

    data object Sleep : CacheLedgerCommand, GrainStop
}

/** What came of a [CacheLedgerCommand.Note]. */
sealed interface NoteReply {
    data class Noted(val line: WireAuditLine, val previous: String) :
        NoteReply,
        WireMessage

    data object Full : NoteReply, WireMessage

    /** Nobody knows. */
    data class Unavailable(val reason: String) :
        NoteReply,
        WireMessage
}

/** What came of a [CacheLedgerCommand.Read]. */
sealed interface InvalidationsReply {
    /** @property all null where they are as the asker knows them */
    data class Told(val head: String, val all: List<WireInvalidation>?) :
        InvalidationsReply,
        WireMessage

    data class Unavailable(val reason: String) :
        InvalidationsReply,
        WireMessage
}

/** What came of a [CacheLedgerCommand.Audit]. */
sealed interface AuditReply {
    /**
     * @property previous the hash before the first of [lines]
     * @property cut the hash before the line [first], the oldest that is kept
     */
    data class Told(val previous: String, val lines: List<WireAuditLine>, val cut: String, val first: Long) :
        AuditReply,
        WireMessage

    data class Unavailable(val reason: String) :
        AuditReply,
        WireMessage
}

/** Told to every node when something was noted. */
data class CacheLedgerChanged(val head: String) : WireMessage

/** An [EntryFilter] as it is written. */
data class WireFilter(
    val recipe: String?,
    val decision: String?,
    val model: String?,
    val namespace: String?,
    val keptBefore: Long?,
    val id: String?,
)

/** A [CacheAct] as it is written. */
data class WireAct(val action: CacheAction, val filter: WireFilter, val who: String, val entries: Long?, val lastsMillis: Long)

/** An [Invalidation] as it is written. */
data class WireInvalidation(val filter: WireFilter, val at: Long, val until: Long)

/** An [AuditLine] as it is written; the hash of the one before is that line's. */
data class WireAuditLine(
    val number: Long,
    val at: Long,
    val who: String,
    val action: CacheAction,
    val filter: WireFilter,
    val entries: Long?,
    val hash: String,
)

internal fun EntryFilter.toWire() = WireFilter(recipe, decision, model, namespace, keptBefore?.toEpochMilli(), id)

internal fun WireFilter.toFilter() = EntryFilter(recipe, decision, model, namespace, keptBefore?.let(Instant::ofEpochMilli), id)

internal fun CacheAct.toWire() = WireAct(action, filter.toWire(), who, entries, lasts.toMillis())

internal fun WireAct.toAct() = CacheAct(action, filter.toFilter(), who, entries, Duration.ofMillis(lastsMillis))

internal fun Invalidation.toWire() = WireInvalidation(filter.toWire(), at.toEpochMilli(), until.toEpochMilli())

internal fun WireInvalidation.toInvalidation() = Invalidation(filter.toFilter(), Instant.ofEpochMilli(at), Instant.ofEpochMilli(until))

internal fun AuditLine.toWire() = WireAuditLine(number, at.toEpochMilli(), who, action, filter.toWire(), entries, hash)

internal fun List<WireAuditLine>.toLines(previous: String): List<AuditLine> {
    var before = previous
    return map { line ->
        val at = Instant.ofEpochMilli(line.at)
        AuditLine(line.number, at, line.who, line.action, line.filter.toFilter(), line.entries, before, line.hash)
            .also { before = it.hash }
    }
}

internal fun List<WireInvalidation>.toInvalidations() = Invalidations(map { it.toInvalidation() })

/** A [LedgerBook] as stores hold it. */
data class KeptCacheLedger(val cut: String, val lines: List<WireAuditLine>, val invalidations: List<WireInvalidation>)

internal fun KeptCacheLedger.head(): String = lines.lastOrNull()?.hash ?: cut

internal fun KeptCacheLedger.toBook() = LedgerBook(invalidations.toInvalidations(), lines.toLines(cut), cut)

internal fun LedgerBook.toKept() = KeptCacheLedger(cut, lines.map { it.toWire() }, invalidations.all.map { it.toWire() })
