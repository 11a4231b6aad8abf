package routercluster.policy.cache

import routercluster.policy.encode.LabelQuestion
import routercluster.policy.models.Secret
import java.time.Duration

/** What counts as the same request: every bit that matters, or a last message that is alike. */
enum class CacheMode(val exact: Boolean, val semantic: Boolean) {
    EXACT(true, false),
    SEMANTIC(false, true),
    EXACT_THEN_SEMANTIC(true, true),
}

/** Who may get another's answer. Whoever does not belong anywhere, so that nobody vouches for a name, shares nothing but [GLOBAL]. */
enum class CacheScope { USER, TEAM, TENANT, GLOBAL }

/**
 * What a client may say of the cache.
 *
 * @property header our own header
 * @property words of [CacheControl.words] that hold
 * @property ttlMax the longest that a client may ask for
 */
data class ClientControls(val header: String = HEADER, val words: Set<String> = emptySet(), val ttlMax: Duration? = null) {
    companion object {
        const val HEADER = "x-vsr-cache-control"
    }
}

/**
 * How a category of requests differs from the rest of its decision. What is null is as the decision says.
 *
 * @property similarity from which on an entry is taken
 * @property maxError see [BoundedHits]
 * @property weight how many times as much its answers are worth, where room is given by cost
 */
data class CategoryCache(
    val isKept: Boolean = true,
    val similarity: Double? = null,
    val ttl: Duration? = null,
    val maxError: Double? = null,
    val weight: Double = 1.0,
)

/**
 * Hits by what was learnt, in place of a similarity from which on every entry is taken: see [HitLearner].
 *
 * @property maxError share of a category's requests that may get a wrong answer, above 0 to 1
 * @property judge tells whether two answers to a request say the same
 * @property maxRisk no request for which an entry's answer is likelier to be wrong is answered by it, above 0 to 1
 */
data class BoundedHits(val maxError: Double, val judge: LabelQuestion, val maxRisk: Double = 1.0)

/**
 * What a decision keeps of its answers and gives again. What is null is as the store says.
 *
 * @property similarity cosine, 0 to 1, from which on an entry is taken
 * @property bounded null takes every entry from [similarity] on
 * @property ttl from the moment on at which an answer is kept, however often it is given again
 * @property staleFor how long after its time an answer is still given while a request fetches a new one
 * @property roomShare part of the exact tier's room that the decision's answers may take, where room is given by cost
 * @property conversation from which similarity on the conversation before the last message counts as the same, see [EarlierTurns]; null where it has
 *   to be equal
 * @property admission which answers get a place among those for alike requests
 * @property keepsPassing whether answers are kept to questions whose answer changes with time, see [TimeSensitive]
 * @property singleFlight whether of equal requests at a time only one asks a model, see [AnswerFlights]; for modes with [CacheMode.exact]
 * @property categories by label of the domain head
 * @property marks of the policy's author, which set entries apart
 */
data class CacheSettings(
    val mode: CacheMode = CacheMode.SEMANTIC,
    val scope: CacheScope = CacheScope.USER,
    val similarity: Double? = null,
    val bounded: BoundedHits? = null,
    val ttl: Duration? = null,
    val staleFor: Duration = Duration.ZERO,
    val roomShare: Double = 1.0,
    val conversation: Double? = null,
    val admission: AdmissionRule = AdmissionRule(),
    val controls: ClientControls = ClientControls(),
    val keepsPassing: Boolean = false,
    val singleFlight: Boolean = true,
    val categories: Map<String, CategoryCache> = emptyMap(),
    val marks: List<String> = emptyList(),
) {
    companion object {
        const val CONVERSATION_SIMILARITY = 0.9
    }

    /** From which similarity on an entry is taken for a request of [category]. */
    fun similarityFor(category: String?, store: CacheStoreSettings): Double =
        categories[category]?.similarity ?: similarity ?: maxOf(store.similarity, CategoryDefaults.of(category)?.similarity ?: 0.0)

    /** The bound of a category; those that go by [bounded] have one. */
    fun maxErrorFor(category: String?): Double = categories[category]?.maxError ?: bounded?.maxError ?: 1.0

    fun ttlFor(category: String?, store: CacheStoreSettings): Duration =
        categories[category]?.ttl ?: ttl ?: CategoryDefaults.of(category)?.ttl(store.ttl) ?: store.ttl

    /** How long any answer is there at most, whatever its topic, and with the time that it is given beyond its own. */
    fun lifeMax(store: CacheStoreSettings): Duration =
        (categories.keys + CategoryDefaults.labels + null).maxOf { ttlFor(it, store) } + staleFor

    fun weightFor(category: String?): Double = categories[category]?.weight ?: 1.0

    fun keeps(category: String?): Boolean = categories[category]?.isKept ?: true
}

/**
 * Where answers are kept, for all decisions.
 *
 * @property similarity where a decision says none
 * @property ttl where a decision says none
 * @property bytesMax of the exact tier, in this process
 * @property evictsByCost whether what saves least money for its bytes leaves the exact tier first, see [KeptByWorth]
 * @property storeBytesMax of the vectors and answers in a folder or in this process
 * @property answerBytesMax a longer answer is not kept
 * @property flightWait how long a request waits for the answer to an equal one at most
 * @property isShared whether nodes share the exact tier, where states are in a server
 * @property sharedTimeout how long a request waits for that server at most
 * @property qdrant null but for [CacheBackend.QDRANT]
 */
data class CacheStoreSettings(
    val enabled: Boolean = true,
    val similarity: Double = SIMILARITY,
    val ttl: Duration = TTL,
    val backend: CacheBackend = CacheBackend.EMBEDDED,
    val bytesMax: Long = BYTES_MAX,
    val evictsByCost: Boolean = false,
    val storeBytesMax: Long = STORE_BYTES_MAX,
    val answerBytesMax: Int = ANSWER_BYTES_MAX,
    val flightWait: Duration = FLIGHT_WAIT,
    val isShared: Boolean = true,
    val sharedTimeout: Duration = SHARED_TIMEOUT,
    val qdrant: QdrantServer? = null,
) {
    companion object {
        /**
         * Of labelled pairs of questions, a sixth of all would get a wrong answer at the seed's 0.8, one in fifty at this (the
         * train part of QQP; docs/benchmarks.md has the dev part).
         */
        const val SIMILARITY = 0.95
        val TTL: Duration = Duration.ofHours(1)
        val FLIGHT_WAIT: Duration = Duration.ofSeconds(10)
        val SHARED_TIMEOUT: Duration = Duration.ofMillis(50)
        const val BYTES_MAX = 64L * 1024 * 1024
        const val STORE_BYTES_MAX = 1024L * 1024 * 1024
        const val ANSWER_BYTES_MAX = 1024 * 1024
    }
}

enum class CacheBackend { MEMORY, EMBEDDED, QDRANT }

/** How a Qdrant server is reached. */
data class QdrantServer(
    val host: String,
    val port: Int = PORT,
    val apiKey: Secret? = null,
    val tls: Boolean = false,
    val timeout: Duration = TIMEOUT,
    val collectionPrefix: String = "",
) {
    companion object {
        const val PORT = 6_334
        val TIMEOUT: Duration = Duration.ofSeconds(10)
    }
}
