package routercluster.gateway.cache

import com.github.benmanes.caffeine.cache.Caffeine
import com.github.benmanes.caffeine.cache.Expiry
import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.KeptByWorth
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.util.concurrent.TimeUnit

/**
 * Answers by a key that only equal requests have, in this process. Bounded by bytes; what is asked for often and lately stays
 * (W-TinyLFU, so one sweep of rare requests does not wash out what many ask). An answer's time runs from when it was kept.
 *
 * @param byCost whether what saves least money for its bytes goes first, in place of what is asked for seldom
 */
internal class EqualAnswers(private val bytesMax: Long, private val clock: Clock, byCost: Boolean = false) {
    private class Entry(val kept: KeptAnswer, val ttl: Duration, val expiresAt: Instant)

    /** An answer as operators see it. */
    class Seen(val id: String, val kept: KeptAnswer, val bytes: Int, val expiresAt: Instant)

    private val byWorth = if (byCost) KeptByWorth<KeptAnswer>(bytesMax) else null
    private val entries = Caffeine
        .newBuilder()
        .maximumWeight(bytesMax)
        .weigher<String, Entry> { _, entry -> weight(entry.kept) }
        .ticker { TimeUnit.MILLISECONDS.toNanos(clock.millis()) }
        .recordStats()
        .expireAfter(Expiry.writing<String, Entry> { _, entry -> entry.ttl })
        .build<String, Entry>()

    val count: Long get() = byWorth?.count?.toLong() ?: entries.estimatedSize()

    val bytes: Long get() = byWorth?.bytesKept ?: entries
        .policy()
        .eviction()
        .map { it.weightedSize().orElse(0) }
        .orElse(0)

    /** Answers that had to go for others. */
    val evicted: Long get() = byWorth?.evictedCount ?: entries.stats().evictionCount()

    fun all(): Sequence<Seen> =
        byWorth?.all(clock.millis())?.asSequence()?.map { Seen(it.key, it.value, it.bytes.toInt(), Instant.ofEpochMilli(it.endsAt)) }
            ?: entries.asMap().entries.asSequence().map { (key, entry) ->
                Seen(key, entry.kept, weight(entry.kept), entry.expiresAt)
            }

    fun forget(isMeant: (key: String, kept: KeptAnswer) -> Boolean) {
        byWorth?.removeIf(isMeant)
        entries.asMap().entries.removeIf { (key, entry) -> isMeant(key, entry.kept) }
    }

    fun of(key: String): KeptAnswer? = if (byWorth == null) entries.getIfPresent(key)?.kept else byWorth.of(key, clock.millis())

    /**
     * @param share of all room that answers of the decision may take; it counts by cost alone, as does [weight]
     * @param weight how many times as much the answer is worth
     */
    fun keep(key: String, kept: KeptAnswer, ttl: Duration, share: Double = 1.0, weight: Double = 1.0) {
        if (byWorth == null) return entries.put(key, Entry(kept, ttl, clock.instant() + ttl))
        val now = clock.millis()
        val group = kept.recipe + '/' + kept.decision
        byWorth.keep(
            key,
            kept,
            weight(kept).toLong(),
            now + ttl.toMillis(),
            now,
            group,
            (bytesMax * share).toLong(),
            kept.cost?.times(weight),
        )
    }

    /** Takes the answer of [key] away, where it is still the one that was kept at [keptAt], to the millisecond. */
    fun remove(key: String, keptAt: Instant) {
        byWorth?.remove(key) { it.keptAt.toEpochMilli() == keptAt.toEpochMilli() }
        entries.asMap().computeIfPresent(key) { _, entry -> entry.takeIf { it.kept.keptAt.toEpochMilli() != keptAt.toEpochMilli() } }
    }

    private companion object {
        /** Of an entry without its text: key, objects, names. */
        const val ENTRY_BYTES = 512

        /** A text outside Latin takes two bytes a character. */
        fun weight(kept: KeptAnswer): Int = ENTRY_BYTES + 2 * kept.answer.text.length
    }
}
