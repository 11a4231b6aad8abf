package routercluster.grains.inference

import java.time.Duration

/**
 * When a worker rests.
 *
 * @property failuresMax failures in a row, after which it rests
 * @property pauseMin its first rest; each further one is twice as long, up to [pauseMax]
 */
class CircuitSettings(
    val failuresMax: Int = 3,
    val pauseMin: Duration = Duration.ofSeconds(1),
    val pauseMax: Duration = Duration.ofSeconds(30),
)

/** Keeps requests from a worker that failed several times in a row; after each pause a single one may try it. Times are [System.nanoTime]'s. */
internal class Circuit(private val settings: CircuitSettings) {
    private var failures = 0
    private var pauseNanos = 0L
    private var restsUntil = 0L
    private var isTried = false

    private val isBroken get() = failures >= settings.failuresMax

    fun allows(now: Long): Boolean = !isBroken || (now - restsUntil >= 0 && !isTried)

    /** A request went to the worker. */
    fun sent() {
        isTried = isBroken
    }

    fun succeeded() {
        failures = 0
        pauseNanos = 0
        isTried = false
    }

    fun failed(now: Long) {
        // What was under way when it broke says nothing new.
        if (isBroken && !isTried) return
        isTried = false
        failures++
        if (!isBroken) return
        pauseNanos = (2 * pauseNanos).coerceIn(settings.pauseMin.toNanos(), settings.pauseMax.toNanos())
        restsUntil = now + pauseNanos
    }
}
