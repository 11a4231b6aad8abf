package routercluster.policy.limits

import java.time.Duration

/** What a limit counts. [COST] is in millionths of a currency's unit. */
enum class LimitKind(val label: String) { REQUESTS("requests"), TOKENS("tokens"), COST("cost") }

/** By what the counts of one rule are told apart. */
enum class Dimension(val label: String) {
    KEY("key"),
    USER("user"),
    TEAM("team"),
    MODEL("model"),
    DECISION("decision"),
    ;

    /** Whether it is known only once a request has been decided. */
    val isOfPlan: Boolean get() = this == MODEL || this == DECISION
}

enum class LimitAlgorithm(val label: String) { TOKEN_BUCKET("token_bucket"), SLIDING_WINDOW("sliding_window") }

/**
 * How much in how long.
 *
 * @property amount in any [windowMillis] by a sliding window; what flows back in that time by a token bucket. 1..[AMOUNT_MAX]
 * @property burst what a token bucket holds when it is full, at most [AMOUNT_MAX] and what flows back in [BURST_WINDOWS_MAX] windows; a
 *   sliding window has none and says [amount]
 * @property windowMillis 1 s to [WINDOW_MAX]
 */
data class Pace(val algorithm: LimitAlgorithm, val amount: Long, val windowMillis: Long, val burst: Long = amount) {
    init {
        require(amount in 1..AMOUNT_MAX && burst in 1..AMOUNT_MAX) { "amounts must be 1..$AMOUNT_MAX, not $amount and $burst" }
        require(burst <= amount * BURST_WINDOWS_MAX) { "a burst of $burst would take too long to flow back" }
        require(windowMillis in WINDOW_MIN.toMillis()..WINDOW_MAX.toMillis()) { "$windowMillis ms is no window" }
    }

    companion object {
        const val AMOUNT_MAX = 1_000_000_000_000
        const val BURST_WINDOWS_MAX = 1_000
        val WINDOW_MIN: Duration = Duration.ofSeconds(1)
        val WINDOW_MAX: Duration = Duration.ofDays(31)
    }
}

/** The most that can be free at a time. Outside of the class, since that travels as it is. */
internal val Pace.capacity: Long get() = if (algorithm == LimitAlgorithm.TOKEN_BUCKET) burst else amount

/**
 * Whom and what a rule is for; null means everybody or everything, [ANY] everything that has a name.
 *
 * @property group one that the caller must be in
 */
data class LimitMatch(
    val user: String? = null,
    val group: String? = null,
    val team: String? = null,
    val model: String? = null,
    val decision: String? = null,
) {
    internal fun fits(facts: LimitFacts): Boolean =
        fits(user, facts.caller.user) &&
            (group == null || (if (group == ANY) facts.caller.groups.isNotEmpty() else group in facts.caller.groups)) &&
            fits(team, facts.caller.team) &&
            fits(model, facts.model) &&
            fits(decision, facts.decision)

    private fun fits(wanted: String?, found: String?) = wanted == null || (if (wanted == ANY) found != null else wanted == found)

    companion object {
        const val ANY = "*"
    }
}

/**
 * A limit of one kind. A request must pass every rule that it matches.
 *
 * @property name unique in the policy
 * @property per a count of its own for each value of these; empty counts everything together
 * @property failOpen whether requests pass where it cannot be asked
 * @property currency of the costs that it counts
 */
data class LimitRule(
    val name: String,
    val kind: LimitKind,
    val pace: Pace,
    val per: Set<Dimension> = emptySet(),
    val match: LimitMatch = LimitMatch(),
    val failOpen: Boolean = false,
    val currency: String? = null,
) {
    /** Whether a request must be decided before it is known what this rule has to do with it. */
    val needsPlan: Boolean = kind == LimitKind.COST || match.model != null || match.decision != null || per.any { it.isOfPlan }

    /** Whether it bounds what a caller may spend wherever a request goes. */
    val isOfCallersMoney: Boolean =
        kind == LimitKind.COST && match.model == null && match.decision == null && per.none { it.isOfPlan }

    /** Whether what it counts depends on the model. */
    internal val isOfModel: Boolean = match.model != null || Dimension.MODEL in per

    /** Whose count a request with these [facts] is on; null where the rule is not for it. */
    fun counterOf(facts: LimitFacts): CounterId? = if (match.fits(facts)) CounterId(this, subjectOf(per, facts)) else null
}

/**
 * A service of Envoy's rate limit protocol that is asked for every request.
 *
 * @property address host and port
 */
data class LimitService(val address: String, val domain: String, val failOpen: Boolean)

/** All limits of a policy. */
class LimitRules(val rules: List<LimitRule> = emptyList(), val services: List<LimitService> = emptyList()) {
    /** Those that are asked before a request is decided, and those that are asked after it. */
    val early: List<LimitRule> = rules.filterNot { it.needsPlan }
    val late: List<LimitRule> = rules.filter { it.needsPlan }

    val isEmpty: Boolean get() = rules.isEmpty() && services.isEmpty()

    /** Whether anything depends on how long a request is. */
    val countsTokens: Boolean = rules.any { it.kind != LimitKind.REQUESTS }

    companion object {
        val NONE = LimitRules()
    }
}
