package routercluster.grains.limits

import routercluster.grains.state.StateCodec
import routercluster.policy.limits.Lease
import routercluster.policy.limits.Ledger
import routercluster.policy.limits.LimitAlgorithm
import routercluster.policy.limits.Meter
import routercluster.policy.limits.Pace
import routercluster.policy.limits.SlidingWindow
import routercluster.policy.limits.TokenBucket

/** A [Ledger] as stores hold it. Times are milliseconds since 1970. Of a bucket and a window only one is there. */
internal data class KeptLedger(val at: Long, val bucket: KeptBucket?, val window: List<KeptSlot>?, val leases: List<KeptLease>) {
    /** Where the policy has changed the algorithm, what was used until now counts from now on. */
    fun ledger(pace: Pace): Ledger {
        val kept =
            bucket?.let { TokenBucket(it.used, it.carry, it.at) }
                ?: SlidingWindow(window.orEmpty().map { SlidingWindow.Slot(it.end, it.amount) })
        val fits = (kept is TokenBucket) == (pace.algorithm == LimitAlgorithm.TOKEN_BUCKET)
        val meter = if (fits) kept else Meter.empty(pace, at).spend(kept.used, at, pace)
        return Ledger(meter, leases.associate { it.holder to Lease(it.outstanding, it.expiresAt, it.number, it.granted) }, at)
    }

    companion object {
        fun of(ledger: Ledger): KeptLedger {
            val leases = ledger.leases.map { (holder, lease) ->
                KeptLease(holder, lease.outstanding, lease.expiresAt, lease.number, lease.granted)
            }
            return when (val meter = ledger.meter) {
                is TokenBucket -> KeptLedger(ledger.at, KeptBucket(meter.used, meter.carry, meter.at), null, leases)
                is SlidingWindow -> KeptLedger(ledger.at, null, meter.slots.map { KeptSlot(it.end, it.amount) }, leases)
            }
        }
    }
}

internal data class KeptBucket(val used: Long, val carry: Long, val at: Long)

internal data class KeptSlot(val end: Long, val amount: Long)

internal data class KeptLease(val holder: String, val outstanding: Long, val expiresAt: Long, val number: Long, val granted: Long)

internal val ledgerCodec = StateCodec(KeptLedger::class.java, format = 1)
