package routercluster.gateway.cache

import com.github.benmanes.caffeine.cache.Caffeine
import com.github.benmanes.caffeine.cache.Expiry
import routercluster.policy.cache.KeptAnswer
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.TimeUnit

/**
 * Answers by a key that only equal requests have, in this process. Bounded by bytes; what is asked for often and lately stays
 * (W-TinyLFU, so one sweep of rare requests does not wash out what many ask). An answer's time runs from when it was kept.
 */
internal class EqualAnswers(bytesMax: Long, private val clock: Clock) {
    private class Entry(val kept: KeptAnswer, val ttl: Duration, val expiresAt: Instant)

    /** An answer as operators see it. */
    class Seen(val id: String, val kept: KeptAnswer, val bytes: Int, val expiresAt: Instant)

    private val entries = Caffeine
        .newBuilder()
        .maximumWeight(bytesMax)
        .weigher<String, Entry> { _, entry -> weight(entry.kept) }
        .ticker { TimeUnit.MILLISECONDS.toNanos(clock.millis()) }
        .recordStats()
        .expireAfter(Expiry.writing<String, Entry> { _, entry -> entry.ttl })
        .build<String, Entry>()

    val count: Long get() = entries.estimatedSize()

    val bytes: Long get() = entries
        .policy()
        .eviction()
        .map { it.weightedSize().orElse(0) }
        .orElse(0)

    /** Answers that had to go for others. */
    val evicted: Long get() = entries.stats().evictionCount()

    fun all(): Sequence<Seen> =
        entries.asMap().entries.asSequence().map { (key, entry) ->
            Seen(key, entry.kept, weight(entry.kept), entry.expiresAt)
        }

    fun forget(isMeant: (key: String, kept: KeptAnswer) -> Boolean) {
        entries.asMap().entries.removeIf { (key, entry) -> isMeant(key, entry.kept) }
    }

    fun of(key: String): KeptAnswer? = entries.getIfPresent(key)?.kept

    fun keep(key: String, kept: KeptAnswer, ttl: Duration) = entries.put(key, Entry(kept, ttl, clock.instant() + ttl))

    private companion object {
        /** Of an entry without its text: key, objects, names. */
        const val ENTRY_BYTES = 512

        /** A text outside Latin takes two bytes a character. */
        fun weight(kept: KeptAnswer): Int = ENTRY_BYTES + 2 * kept.answer.text.length
    }
}
