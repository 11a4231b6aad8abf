package routercluster.policy.cache

/** Which answers are worth a place among those for alike requests. */
enum class Admission {
    /** Every one. */
    ALL,

    /** Those of requests that came before in the same words, whatever their order. */
    REPEATED,

    /** Those of topics whose answers are given again often enough, and [REPEATED] ones; see [Reuse]. */
    REUSED,
}

/**
 * How a decision chooses.
 *
 * @property reuseMin answers given again for each that is kept, 0 to 1; see [Reuse.isWorth], as [savingMin]
 * @property savingMin in the models' currency
 */
data class AdmissionRule(val by: Admission = Admission.ALL, val reuseMin: Double = REUSE_MIN, val savingMin: Double = 0.0) {
    companion object {
        const val REUSE_MIN = 0.02
    }
}

/**
 * Requests that came lately, by a digest: in two generations of bits, so that it takes no more room however many come. Says of one in a
 * hundred that it came when it did not, and forgets what came [GENERATION] to twice as many requests ago. Safe for use by many threads.
 */
class SeenLately {
    private var now = LongArray(WORDS)
    private var before = LongArray(WORDS)
    private var count = 0

    /** Whether [digest], of which every bit is as good as drawn, came lately; from now on it has. */
    @Synchronized
    fun seen(digest: Long): Boolean {
        val places = IntArray(PLACES) { ((digest ushr (it * PLACE_BITS)) and PLACE_MASK).toInt() }
        val isKnown = places.all { now.has(it) } || places.all { before.has(it) }
        if (count >= GENERATION) {
            before = now
            now = LongArray(WORDS)
            count = 0
        }
        for (place in places) now[place ushr WORD_SHIFT] = now[place ushr WORD_SHIFT] or (1L shl place)
        count++
        return isKnown
    }

    private fun LongArray.has(place: Int) = (this[place ushr WORD_SHIFT] and (1L shl place)) != 0L

    companion object {
        /** Requests of one generation. */
        const val GENERATION = 100_000
        private const val PLACES = 3
        private const val PLACE_BITS = 21
        private const val PLACE_MASK = (1L shl PLACE_BITS) - 1
        private const val WORD_SHIFT = 6
        private const val WORDS = 1 shl (PLACE_BITS - WORD_SHIFT)
    }
}

/**
 * How often answers of one topic are given again, counted from those that were kept and those that were given; older ones count less and less.
 * Not for several threads at once.
 */
class Reuse {
    private var kept = 0.0
    private var given = 0.0

    fun kept() {
        if (kept >= KEPT_MAX) {
            kept /= 2
            given /= 2
        }
        kept++
    }

    fun given() {
        given++
    }

    /** Answers given again for each that is kept; null while too few are to tell. */
    val rate: Double? get() = if (kept < KEPT_MIN) null else given / kept

    /**
     * Whether an answer that cost [cost] is expected to save enough.
     *
     * @param rateMin of [rate]
     * @param savingMin of [rate] times [cost]; an answer whose cost nobody knows goes by [rateMin] alone
     */
    fun isWorth(cost: Double?, rateMin: Double, savingMin: Double): Boolean {
        val rate = rate ?: return true
        return rate >= rateMin && (cost == null || rate * cost >= savingMin)
    }

    private companion object {
        const val KEPT_MIN = 200.0
        const val KEPT_MAX = 5_000.0
    }
}
