package routercluster.gateway.upstream

import routercluster.policy.models.Reliability
import java.util.concurrent.atomic.AtomicInteger
import kotlin.math.min

/**
 * What is known of an upstream's state. Outlives a reload of the policy as long as the upstream keeps its id, address and health check.
 *
 * Ejection is the circuit breaker, there is no second one: closed while it answers; open for a time once
 * [Reliability.consecutiveFailures] came in a row; then half open, when it is fit for one request at a time, whose commit
 * closes it and whose failure ejects again for longer. After ten ejection times without another one the time starts small again.
 */
internal class Condition {
    private val running = AtomicInteger()

    /** What the active health check has against it. */
    @Volatile
    var complaint: String? = null

    @Volatile
    private var failuresInRow = 0

    @Volatile
    private var ejected = false

    @Volatile
    private var ejectedUntilNanos = 0L

    @Volatile
    private var onTrial = false

    private var ejections = 0

    val inFlight: Int get() = running.get()

    fun fit(now: Long): Boolean = complaint == null && (!ejected || (now - ejectedUntilNanos >= 0 && !onTrial))

    fun ejected(now: Long): Boolean = ejected && now - ejectedUntilNanos < 0

    /** A request goes out; [ended] must follow once. */
    fun begun(now: Long) {
        running.incrementAndGet()
        if (ejected && now - ejectedUntilNanos >= 0) onTrial = true
    }

    /** Whichever request it was that ended, the next may be the trial: one too many does no harm. */
    fun ended() {
        running.decrementAndGet()
        if (onTrial) onTrial = false
    }

    /** An answer has begun. */
    fun committed(now: Long) {
        if (!ejected) return
        synchronized(this) {
            if (!ejected || now - ejectedUntilNanos < 0) return
            ejected = false
            failuresInRow -= 1
        }
    }

    /** An answer came to its end. */
    fun succeeded() {
        if (failuresInRow == 0) return
        synchronized(this) { if (!ejected) failuresInRow = 0 }
    }

    /** @return how long it is ejected for by this failure, in nanoseconds; null where it is not */
    fun failed(now: Long, rules: Reliability, ejectable: Boolean): Long? =
        synchronized(this) {
            if (ejected(now)) return null
            if (!ejected) failuresInRow = min(failuresInRow + 1, rules.consecutiveFailures)
            if (failuresInRow < rules.consecutiveFailures || !ejectable) return null
            val base = rules.ejection.toNanos()
            if (now - ejectedUntilNanos > base * GROWTH_MAX) ejections = 0
            val nanos = base * min(1 shl ejections, GROWTH_MAX)
            ejections = min(ejections + 1, GROWTH_MAX)
            ejectedUntilNanos = now + nanos
            ejected = true
            nanos
        }

    fun describe(now: Long): String {
        val complaint = complaint
        return when {
            complaint != null -> complaint
            ejected(now) -> "ejected for ${(ejectedUntilNanos - now) / NANOS_PER_SECOND} s more"
            ejected -> "on trial after an ejection"
            else -> Upstreams.FIT
        }
    }

    companion object {
        private const val GROWTH_MAX = 10
        private const val NANOS_PER_SECOND = 1_000_000_000L
    }
}
