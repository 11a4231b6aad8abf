package routercluster.policy.cache

import routercluster.policy.request.BadRequest
import java.time.Duration

/**
 * What a client says of the cache for one request.
 *
 * @property reads whether it may be answered from the cache
 * @property writes whether its answer may be kept
 * @property ageMax the oldest answer it takes; null for any
 * @property ttl how long its answer may be kept at most; null where it does not say
 */
data class CacheControl(
    val reads: Boolean = true,
    val writes: Boolean = true,
    val ageMax: Duration? = null,
    val ttl: Duration? = null,
) {
    private fun and(word: String, seconds: Long?): CacheControl =
        when (word) {
            NO_CACHE -> copy(reads = false)
            NO_STORE -> copy(writes = false)
            BYPASS -> copy(reads = false, writes = false)
            MAX_AGE -> if (seconds == null) this else copy(ageMax = shorter(ageMax, Duration.ofSeconds(seconds)))
            TTL -> if (seconds == null) this else copy(ttl = shorter(ttl, Duration.ofSeconds(seconds)))
            else -> this
        }

    companion object {
        /** Nothing is said. */
        val NONE = CacheControl()

        /** The words that a policy can allow. */
        val words: List<String> get() = listOf(NO_CACHE, NO_STORE, BYPASS, MAX_AGE, TTL)

        /**
         * Reads our own header and the standard `Cache-Control`. `no-store` holds always: nobody's wish to leave no trace needs a
         * permission. The other words hold where [allowed] has them; in the standard header unknown words are passed over, as HTTP asks.
         *
         * @param own the value of our header, [header]; null where it is not there
         * @param allowed words that clients may use, of [words]
         * @throws BadRequest for a word of our header that there is not, and for a number that is none
         */
        fun of(own: String?, standard: String?, allowed: Set<String>, header: String): CacheControl {
            if (own == null && standard == null) return NONE
            val said = directives(standard).filter { it.first in standardWords } + directives(own).onEach { (word, seconds) ->
                if (word !in words) throw refusal(header, "knows ${words.joinToString(", ")}")
                if ((word == MAX_AGE || word == TTL) && seconds == null) throw refusal(header, "needs whole seconds after $word=")
            }
            return said.filter { it.first == NO_STORE || it.first in allowed }.fold(NONE) { all, (word, seconds) -> all.and(word, seconds) }
        }

        private fun directives(value: String?): List<Pair<String, Long?>> =
            value.orEmpty().split(',').map { it.trim().lowercase() }.filter { it.isNotEmpty() }.map { directive ->
                val seconds = directive
                    .substringAfter('=', "")
                    .trim('"')
                    .takeIf { it.length <= SECONDS_DIGITS_MAX }
                    ?.toLongOrNull()
                directive.substringBefore('=').trim() to seconds?.takeIf { it >= 0 }
            }

        private fun refusal(header: String, what: String) = BadRequest(400, "invalid_cache_control", "The header $header $what")

        private fun shorter(one: Duration?, other: Duration): Duration = if (one == null || other < one) other else one

        private const val NO_CACHE = "no-cache"
        private const val NO_STORE = "no-store"
        private const val BYPASS = "bypass"
        private const val MAX_AGE = "max-age"
        private const val TTL = "ttl"
        private const val SECONDS_DIGITS_MAX = 9
        private val standardWords = setOf(NO_CACHE, NO_STORE, MAX_AGE)
    }
}
