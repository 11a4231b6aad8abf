package routercluster.policy.cache

import java.time.Duration
import java.time.Instant

/**
 * Which kept answers an operator means. What is null may be anything; with nothing said all are meant.
 *
 * @property namespace whose answers they are, by the name that stores see
 * @property keptBefore the first instant at which an answer is kept too late to be meant
 * @property id of one entry
 */
data class EntryFilter(
    val recipe: String? = null,
    val decision: String? = null,
    val model: String? = null,
    val namespace: String? = null,
    val keptBefore: Instant? = null,
    val id: String? = null,
) {
    val isAll: Boolean get() = this == ALL

    /** An answer of which nobody noted whose it is may be anybody's. */
    fun meets(entry: String, kept: KeptAnswer): Boolean =
        meets(id, entry) && meets(recipe, kept.recipe) && meets(decision, kept.decision) && meets(model, kept.model) &&
            (kept.namespace == null || meets(namespace, kept.namespace)) && (keptBefore == null || kept.keptAt < keptBefore)

    /** Whether all that [other] means is meant by this too. */
    fun covers(other: EntryFilter): Boolean =
        covers(id, other.id) && covers(recipe, other.recipe) && covers(decision, other.decision) && covers(model, other.model) &&
            covers(namespace, other.namespace) &&
            (keptBefore == null || (other.keptBefore != null && other.keptBefore <= keptBefore))

    private fun meets(wanted: String?, found: String) = wanted == null || wanted == found

    private fun covers(own: String?, other: String?) = own == null || own == other

    companion object {
        val ALL = EntryFilter()
    }
}

/**
 * That answers are not to be given again: all that [filter] means and that answer a request which came at [at] or before, on whatever
 * node and in whatever store they are, and also those that are yet to be kept.
 *
 * @property until from when on none of them can be there any more
 */
data class Invalidation(val filter: EntryFilter, val at: Instant, val until: Instant) {
    fun forbids(entry: String, kept: KeptAnswer): Boolean = kept.askedAt <= at + CLOCKS_APART && filter.meets(entry, kept)

    /** Whether [earlier] says nothing beyond this. */
    fun covers(earlier: Invalidation): Boolean = filter.covers(earlier.filter) && earlier.at <= at && earlier.until <= until

    companion object {
        /** By how much clocks of nodes may differ. Within it answers are forbidden that need not be, which costs a call of a model each. */
        val CLOCKS_APART: Duration = Duration.ofSeconds(1)
    }
}

/** Every [Invalidation] in force, at most [COUNT_MAX]. */
class Invalidations(val all: List<Invalidation> = emptyList()) {
    private val newest: Instant = all.maxOfOrNull { it.at + Invalidation.CLOCKS_APART } ?: Instant.MIN

    fun forbids(entry: String, kept: KeptAnswer): Boolean = kept.askedAt <= newest && all.any { it.forbids(entry, kept) }

    /** These and [added], without those that it covers and those whose time is over [now]; null where they are too many. */
    fun with(added: Invalidation, now: Instant): Invalidations? {
        val left = all.filter { it.until > now && !added.covers(it) }
        return if (left.size >= COUNT_MAX) null else Invalidations(left + added)
    }

    companion object {
        /** A hit is compared with each of them. */
        const val COUNT_MAX = 1_000
        val NONE = Invalidations()
    }
}
