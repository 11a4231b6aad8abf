package routercluster.vectorstore.qdrant

import java.time.Duration

/**
 * After [failuresMax] failures in a row nobody is let through for [pause]; then one is, and what becomes of that one decides.
 *
 * @param nanoTime never goes back
 */
internal class CircuitBreaker(private val failuresMax: Int, private val pause: Duration, private val nanoTime: () -> Long) {
    private var failures = 0
    private var refusedUntil = 0L
    private var isTrying = false

    /** Whether a call may be made. Each that may ends with [succeeded] or [failed]. */
    @Synchronized
    fun admits(): Boolean {
        if (failures < failuresMax) return true
        if (isTrying || nanoTime() - refusedUntil < 0) return false
        isTrying = true
        return true
    }

    @Synchronized
    fun succeeded() {
        failures = 0
        isTrying = false
    }

    @Synchronized
    fun failed() {
        failures = minOf(failures + 1, failuresMax)
        isTrying = false
        if (failures == failuresMax) refusedUntil = nanoTime() + pause.toNanos()
    }
}
