package routercluster.gateway.limits

import routercluster.policy.limits.Amounts
import routercluster.policy.limits.LimitKind
import routercluster.policy.limits.Reservation
import routercluster.policy.limits.Standing

/** What one request has reserved, until it is over. Safe for use by many threads. */
class JourneyLimits {
    private val reservations = ArrayList<Reservation>(2)
    private var refusedBy: Standing? = null
    private var isOver = false

    /** Of each kind the limit that has the smallest part left, or the one that refused. */
    @get:Synchronized
    val tightest: Map<LimitKind, Standing>
        get() =
            (reservations.flatMap { it.standings } + listOfNotNull(refusedBy))
                .groupBy { it.kind }
                .mapValues { (_, all) -> all.minBy { it.remaining.toDouble() / it.limit } }

    /** A request that has ended meanwhile gives [reservation] back. */
    @Synchronized
    fun add(reservation: Reservation) {
        if (isOver) reservation.settle(Amounts.NONE) else reservations += reservation
    }

    @Synchronized
    fun refused(standing: Standing) {
        refusedBy = standing
    }

    /** The request has come to [actual]; [Amounts.NONE] where nothing of it reached a model. [byModel] as in [Reservation.settle]. */
    @Synchronized
    fun settle(actual: Amounts, byModel: Map<String, Amounts>? = null) {
        if (isOver) return
        isOver = true
        reservations.forEach { it.settle(actual, byModel) }
    }
}
