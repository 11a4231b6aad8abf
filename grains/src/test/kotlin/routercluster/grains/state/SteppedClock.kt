package routercluster.grains.state

import java.time.Duration
import java.time.Instant
import java.time.InstantSource

/** Time that passes when the test says so. */
class SteppedClock(
    @Volatile private var now: Instant = Instant.parse("2026-01-01T00:00:00Z"),
) : InstantSource {
    override fun instant(): Instant = now

    fun step(duration: Duration) {
        now += duration
    }
}
