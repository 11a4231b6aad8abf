package routercluster.policy.vectors

/**
 * Which entries may be read.
 *
 * @property partitions never empty
 */
data class Scope(val partitions: Set<String>, val filter: Filter = Filter.All)

/**
 * Which entries an operator means.
 *
 * @property partitions null for all of them
 */
data class Selection(val partitions: Set<String>? = null, val filter: Filter = Filter.All)

/** A condition on the fields of an entry. Stores look at it while they search, not afterwards. */
sealed interface Filter {
    data object All : Filter

    /** An entry without the field does not meet it. */
    data class Equals(val field: String, val value: FieldValue) : Filter

    /** @property values all of one kind; none is met by nothing */
    data class In(val field: String, val values: Set<FieldValue>) : Filter

    /**
     * Of a field of numbers; one of both bounds at least.
     *
     * @property from inclusive
     * @property until exclusive
     */
    data class Range(val field: String, val from: Double? = null, val until: Double? = null) : Filter

    data class And(val all: List<Filter>) : Filter

    data class Not(val filter: Filter) : Filter
}

/** Whether an entry with these [fields] meets the filter. */
fun Filter.meets(fields: Map<String, FieldValue>): Boolean =
    when (this) {
        Filter.All -> {
            true
        }

        is Filter.Equals -> {
            fields[field] == value
        }

        is Filter.In -> {
            fields[field] in values
        }

        is Filter.Range -> {
            (fields[field] as? FieldValue.Number)?.value?.let { (from == null || it >= from) && (until == null || it < until) } ==
                true
        }

        is Filter.And -> {
            all.all { it.meets(fields) }
        }

        is Filter.Not -> {
            !filter.meets(fields)
        }
    }

/**
 * @property vector of any length but zero
 * @property limit how many hits at most
 * @property minimumScore hits with a lower cosine are left out
 */
class NearQuery(
    val vector: FloatArray,
    val scope: Scope,
    val limit: Int,
    val minimumScore: Float = -1f,
    val parts: Set<Part> = emptySet(),
)

/**
 * Two searches in one: the entries nearest to [vector], and those whose text has the words of [text] (ranked by BM25). Each
 * brings its [depth] best, and their ranks are [fused].
 */
class HybridQuery(
    val vector: FloatArray,
    val text: String,
    val scope: Scope,
    val limit: Int,
    val parts: Set<Part> = emptySet(),
) {
    /** More than are asked for, since what is second in both may well be first. */
    val depth: Int get() = maxOf(limit * 3, DEPTH_MIN)

    private companion object {
        const val DEPTH_MIN = 30
    }
}

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): a key that stands at rank r, counted from 1, of a ranking gets 1 / (60 + r)
 * from it. Best first; keys with equal sums in the order in which the rankings name them.
 *
 * @param rankings each best first, without a key twice
 */
fun <K> fused(rankings: List<List<K>>): List<Pair<K, Float>> {
    val sums = LinkedHashMap<K, Double>()
    for (ranking in rankings) {
        ranking.forEachIndexed { index, key -> sums.merge(key, 1 / (RANK_OFFSET + index + 1), Double::plus) }
    }
    return sums.entries.sortedByDescending { it.value }.map { it.key to it.value.toFloat() }
}

private const val RANK_OFFSET = 60.0
