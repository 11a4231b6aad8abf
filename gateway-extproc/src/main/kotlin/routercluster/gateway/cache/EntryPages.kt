package routercluster.gateway.cache

import routercluster.policy.cache.CacheLedger
import routercluster.policy.cache.EntryFilter
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.Entry
import routercluster.policy.vectors.Part
import java.time.Clock
import java.time.Instant
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * A kept answer as operators see it.
 *
 * @property bytes that it takes, about
 * @property stored as the store has it; null for the exact tier
 */
internal class SeenAnswer(val id: String, val kept: KeptAnswer, val bytes: Int, val expiresAt: Instant, val stored: StoredAnswer?) {
    /** The text of the last message; null where it is not kept, as in the exact tier. */
    val request: String? get() = stored?.entry?.text
}

/** @property entry with its vector only where that was asked for */
internal class StoredAnswer(val source: CollectionId, val entry: Entry)

/** @property next where the following page begins; null where this was the last */
internal class AnswerPage(val answers: List<SeenAnswer>, val next: String?)

/** Kept answers that may still be given, page by page. */
internal class EntryPages(
    private val exact: EqualAnswers,
    private val alike: AlikeAnswers?,
    private val ledger: CacheLedger,
    private val clock: Clock,
) {
    /** Of this process, by id. */
    fun exact(filter: EntryFilter, after: String?, limit: Int): AnswerPage {
        val found = exact
            .all()
            .filter { (after == null || it.id > after) && isMeant(filter, it.id, it.kept) && it.expiresAt > clock.instant() }
            .sortedBy { it.id }
            .take(limit + 1)
            .map { SeenAnswer(it.id, it.kept, it.bytes, it.expiresAt, null) }
            .toList()
        return AnswerPage(found.take(limit), if (found.size > limit) found[limit - 1].id else null)
    }

    /** Of the store, in its own order; a page may have fewer than [limit] although there is a next one. */
    fun semantic(filter: EntryFilter, after: String?, limit: Int, withVectors: Boolean = false): CompletionStage<AnswerPage> {
        val opened = alike?.opened().orEmpty()
        val index = after?.substringBefore(':')?.toIntOrNull() ?: 0
        val collection = opened.getOrNull(index) ?: return CompletableFuture.completedStage(AnswerPage(emptyList(), null))
        val selection = AlikeAnswers.selection(filter, clock.instant())
        val cursor = after?.substringAfter(':')?.ifEmpty { null }
        val parts = setOfNotNull(Part.TEXT, Part.BODY, Part.VECTOR.takeIf { withVectors })
        return collection.scan(selection, limit, cursor, parts).thenApply { page ->
            val next = page.next?.let { "$index:$it" } ?: "${index + 1}:".takeIf { index + 1 < opened.size }
            AnswerPage(page.entries.mapNotNull { seen(it, filter, collection.spec.id) }, next)
        }
    }

    private fun seen(entry: Entry, filter: EntryFilter, source: CollectionId): SeenAnswer? {
        val body = entry.body ?: return null
        val kept = KeptAnswer.fromBytes(body)?.takeIf { isMeant(filter, entry.id, it) } ?: return null
        return SeenAnswer(entry.id, kept, body.size, Instant.ofEpochMilli(entry.expiresAt), StoredAnswer(source, entry))
    }

    private fun isMeant(filter: EntryFilter, id: String, kept: KeptAnswer) =
        filter.meets(id, kept) && !ledger.invalidations.forbids(id, kept)
}
