package routercluster.gateway.cache

import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.EarlierTurns
import routercluster.policy.cache.FlightLead
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
 * @property earlier the conversation before its last message; null where no decision takes a similar one for the same
 */
class CacheVisit(val digest: RequestDigest, val facts: Facts, val at: Instant, val earlier: EarlierTurns? = null) {
    /** An entry whose answer is to be compared with the one that a model gives now. */
    internal var candidate: Candidate? = null

    /** Whose answers it may be given, by scope; those that were worked out. */
    internal val namespaces = HashMap<CacheScope, String>()

    /** What equal requests share, by scope; those of exact tiers that it can have answers of. */
    internal val equalKeys = LinkedHashMap<CacheScope, String>()

    /** Where it is the one of a flight that asks a model. */
    internal var lead: FlightLead? = null

    /** What came of looking for an earlier answer; null where one was found. */
    internal var missed: String? = null

    /** An entry whose time is over and in whose place this request's answer comes; null where it fetches none anew. */
    internal var fetched: FetchedEntry? = null

    internal val wording: Wording by lazy(LazyThreadSafetyMode.NONE) { Wording.of(facts.userText) }
}

/** An entry of alike requests that is to be taken away once there is a newer answer. */
internal class FetchedEntry(val id: String, val keptAt: Instant)

/**
 * That an answer was kept, and how it was found.
 *
 * @property similarity of the two requests, -1 to 1; null where they are equal
 * @property risk probability that the answer is wrong, as far as that was learnt; null where hits go by similarity
 * @property isStale whether its time is over, and somebody fetches a newer one
 * @property showsUsage whether the client asked for usage at the end of a stream
 */
class CachedNote(
    val kept: KeptAnswer,
    val kind: Kind,
    val age: Duration,
    val similarity: Double?,
    val risk: Double?,
    val isStale: Boolean,
    val showsUsage: Boolean,
) {
    enum class Kind(val label: String) { EXACT("exact"), SEMANTIC("semantic") }
}
