package routercluster.gateway.cache

import routercluster.policy.cache.KeptAnswer
import routercluster.policy.cache.RequestDigest
import routercluster.policy.cache.Wording
import routercluster.policy.request.Facts
import java.time.Duration
import java.time.Instant

/**
 * What is known of a request for which answers may be kept.
 *
 * @property at when it came
 */
class CacheVisit(val digest: RequestDigest, val facts: Facts, val at: Instant) {
    /** An entry whose answer is to be compared with the one that a model gives now. */
    internal var candidate: Candidate? = null

    internal val wording: Wording by lazy(LazyThreadSafetyMode.NONE) { Wording.of(facts.userText) }
}

/**
 * That an answer was kept, and how it was found.
 *
 * @property similarity of the two requests, -1 to 1; null where they are equal
 * @property risk probability that the answer is wrong, as far as that was learnt; null where hits go by similarity
 * @property showsUsage whether the client asked for usage at the end of a stream
 */
class CachedNote(
    val kept: KeptAnswer,
    val kind: Kind,
    val age: Duration,
    val similarity: Double?,
    val risk: Double?,
    val showsUsage: Boolean,
) {
    enum class Kind(val label: String) { EXACT("exact"), SEMANTIC("semantic") }
}
