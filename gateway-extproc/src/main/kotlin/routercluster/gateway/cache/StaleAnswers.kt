package routercluster.gateway.cache

import com.github.benmanes.caffeine.cache.Caffeine
import routercluster.policy.cache.KeptAnswer
import java.time.Clock
import java.time.Duration
import java.util.concurrent.TimeUnit

/**
 * Answers whose time is over and that a decision gives a while longer: the first request that meets one goes to a model, as if there were no
 * answer, and brings a new one; the others get the old one meanwhile. That request is its caller's like any other, so nobody pays for
 * what they did not ask, and no call is hidden from limits. Where it fails, the next one goes after [FETCH_TIME].
 */
internal class StaleAnswers(private val clock: Clock) {
    private val fetching = Caffeine
        .newBuilder()
        .maximumSize(FETCHED_MAX)
        .ticker { TimeUnit.MILLISECONDS.toNanos(clock.millis()) }
        .expireAfterWrite(FETCH_TIME)
        .build<String, Boolean>()

    fun isStale(kept: KeptAnswer): Boolean = kept.staleAt != null && clock.instant() >= kept.staleAt

    /**
     * Whether the request that asks goes to a model, since the answer of the entry [id] is stale and nobody else fetches a new one.
     *
     * @param writes whether its answer may be kept: one that may not brings nothing
     */
    fun fetches(id: String, kept: KeptAnswer, writes: Boolean): Boolean =
        writes && isStale(kept) && fetching.asMap().putIfAbsent(id, true) == null

    private companion object {
        val FETCH_TIME: Duration = Duration.ofSeconds(60)
        const val FETCHED_MAX = 100_000L
    }
}
