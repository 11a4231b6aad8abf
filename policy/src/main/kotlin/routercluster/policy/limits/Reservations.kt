package routercluster.policy.limits

import java.util.concurrent.CompletableFuture

/** How much of each kind of limit; see [LimitKind]. */
data class Amounts(val requests: Long = 1, val tokens: Long = 0, val costMicros: Long = 0) {
    fun of(kind: LimitKind): Long =
        when (kind) {
            LimitKind.REQUESTS -> requests
            LimitKind.TOKENS -> tokens
            LimitKind.COST -> costMicros
        }

    /** Of two models that one limit counts together: they had one request. */
    internal fun and(other: Amounts) =
        Amounts(maxOf(requests, other.requests), tokens + other.tokens, costMicros + other.costMicros)

    companion object {
        val NONE = Amounts(requests = 0)
    }
}

/**
 * How a limit stands, as far as the node knows.
 *
 * @property remaining of [limit]
 * @property resetMillis until all of it would be free if nothing more were spent
 */
data class Standing(val rule: String, val kind: LimitKind, val limit: Long, val remaining: Long, val resetMillis: Long)

/** A request's parts of limits. Exactly one call of [settle] ends it; later ones do nothing. Safe for use by many threads. */
interface Reservation {
    /** Of every limit that was asked. */
    val standings: List<Standing>

    /** Rules and services that could not be asked, and let the request pass. */
    val unasked: List<String>

    /**
     * What came of the request; [Amounts.NONE] gives everything back.
     *
     * @param byModel the same for each model that was reached: limits of models are paid by it. Null where only the model was reached that
     *   the limits were asked for
     */
    fun settle(actual: Amounts, byModel: Map<String, Amounts>? = null)
}

/** What came of asking limits. */
sealed interface Reserved {
    class Granted(val reservation: Reservation) : Reserved

    /** @property retryMillis until it may be granted */
    class Denied(val standing: Standing, val retryMillis: Long) : Reserved

    /** [rule] could not be asked and lets nothing pass unasked. */
    class Unavailable(val rule: String, val retryMillis: Long) : Reserved
}

/**
 * The port to limits. Nothing of a request that is not granted stays reserved. The answer never fails, and is mostly there at once.
 * Safe for use by many threads.
 */
interface Reservations {
    /** Asks [rules] for what they make of a request with these [facts], all or nothing. */
    fun reserve(rules: List<LimitRule>, facts: LimitFacts, estimate: Amounts): CompletableFuture<Reserved>
}
