package routercluster.gateway.cache

import routercluster.policy.cache.KeptAnswer
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/**
 * Room in a store of vectors that is full: a twentieth to a tenth of a collection's entries that have a turn go, those whose turn is first. The turn is a time that every entry has as a
 * field, so any store finds those before another, and it means the same after a restart.
 *
 * @param byCost whether an entry's turn comes the later, the more it saves for its bytes: half of its life after it was kept where it saves as
 *   much as the others in the mean, and its whole life at most. Otherwise the oldest go first
 */
internal class StoreRoom(private val byCost: Boolean, private val clock: Clock) {
    private val making = AtomicReference<CompletableFuture<Long>?>()
    private val gone = AtomicLong()
    private var worthSum = 0.0
    private var worthCount = 0L

    /** Entries that had to go for others. */
    val evicted: Long get() = gone.get()

    /** @param weight how many times as much the answer is worth */
    fun turn(kept: KeptAnswer, expiresAt: Long, weight: Double): FieldValue {
        val keptAt = kept.keptAt.toEpochMilli()
        val share = if (byCost) share(kept, weight) else 0.0
        return FieldValue.Number(keptAt + (expiresAt - keptAt) * share)
    }

    private fun share(kept: KeptAnswer, weight: Double): Double {
        val worth = (kept.cost ?: return MEAN_SHARE) * weight / (ENTRY_BYTES + kept.answer.text.length)
        return synchronized(this) {
            worthSum += worth
            worthCount++
            if (worthSum > 0) worth / (worth + worthSum / worthCount) else MEAN_SHARE
        }
    }

    /** Puts [point] into [collection]; where the store is full, once more after room was made. */
    fun put(collection: VectorCollection, point: Point): CompletionStage<Unit> =
        collection.upsert(listOf(point)).exceptionallyCompose { failure ->
            if (!isFull(failure)) throw failure
            make(collection).thenCompose { collection.upsert(listOf(point)) }
        }

    /** Takes entries of [collection] away, and answers how many; whoever asks meanwhile gets the same answer. */
    private fun make(collection: VectorCollection): CompletableFuture<Long> {
        val made = CompletableFuture<Long>()
        val other = making.compareAndExchange(null, made)
        if (other != null) return other
        val end = clock.millis() + LIFE_MAX.toMillis()
        collection
            .count(before(end))
            .thenCompose { all -> lastTurn(collection, all, 0, end) }
            .thenCompose { turn -> collection.delete(before(turn)) }
            .whenComplete { count, failure ->
                making.set(null)
                if (failure == null) {
                    gone.addAndGet(count)
                    made.complete(count)
                } else {
                    made.completeExceptionally(failure)
                }
            }
        return made
    }

    /** One before which are enough of [all] and not too many. It is found by halves, since stores count those of a range, and do not sort. */
    private fun lastTurn(collection: VectorCollection, all: Long, from: Long, until: Long): CompletionStage<Long> {
        if (until - from <= 1) return CompletableFuture.completedStage(until)
        val middle = from + (until - from) / 2
        return collection.count(before(middle)).thenCompose { count ->
            when {
                count * GONE_PARTS_MAX < all -> lastTurn(collection, all, middle, until)
                count * GONE_PARTS_MIN > all -> lastTurn(collection, all, from, middle)
                else -> CompletableFuture.completedStage(middle)
            }
        }
    }

    companion object {
        const val TURN = "turn"
        val FIELD = TURN to FieldKind.NUMBER

        /** A twentieth goes at least, a tenth at most, but where many have the same turn. */
        private const val GONE_PARTS_MAX = 20
        private const val GONE_PARTS_MIN = 10
        private const val MEAN_SHARE = 0.5

        /** Of an entry without its text. */
        private const val ENTRY_BYTES = 2_048
        private val LIFE_MAX: Duration = Duration.ofDays(3_660)

        fun isFull(failure: Throwable): Boolean = generateSequence(failure) { it.cause }.any { it is VectorFailure.Full }

        private fun before(turn: Long) = Selection(filter = Filter.Range(TURN, until = turn.toDouble()))
    }
}
