package routercluster.gateway.upstream

import java.util.concurrent.atomic.AtomicLong
import kotlin.math.max
import kotlin.math.min

/**
 * Token bucket that lets extra work grow only with real work: every request [deposit]s [percent] hundredths of a token, every
 * extra attempt [withdraw]s one. It never holds more than [percent] of what is in flight, or [balanceMin] where that is more,
 * so a long quiet time does not save up for a storm.
 *
 * @property percent 0..100; 0 allows nothing
 * @property floor tokens there at the start and given back at one a second, so that a quiet model may retry too
 */
internal class Budget(private val percent: Int, floor: Int, private val ticker: () -> Long) {
    private val floorMillis = if (percent == 0) 0L else floor * TOKEN
    private val balanceMin = max(floorMillis, TOKEN)
    private val balance = AtomicLong(floorMillis)
    private val refilledNanos = AtomicLong(ticker())

    /** Two at the same instant may count once, which errs on the safe side. */
    fun deposit(inFlight: Int) {
        val limit = max(balanceMin, percent * TOKEN / PERCENT * inFlight)
        val before = balance.get()
        if (before < limit) balance.compareAndSet(before, min(limit, before + percent * TOKEN / PERCENT))
    }

    fun withdraw(): Boolean {
        refill()
        while (true) {
            val before = balance.get()
            if (before < TOKEN) return false
            if (balance.compareAndSet(before, before - TOKEN)) return true
        }
    }

    private fun refill() {
        val now = ticker()
        val since = refilledNanos.get()
        val earned = (now - since) / NANOS_PER_MILLI_TOKEN
        if (earned <= 0 || !refilledNanos.compareAndSet(since, now)) return
        balance.updateAndGet { if (it >= floorMillis) it else min(floorMillis, it + earned) }
    }

    private companion object {
        /** A token, counted in thousandths. */
        const val TOKEN = 1_000L
        const val PERCENT = 100
        const val NANOS_PER_MILLI_TOKEN = 1_000_000L
    }
}
