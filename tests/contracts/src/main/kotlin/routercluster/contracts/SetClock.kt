package routercluster.contracts

import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset

/** A clock that stands still until it is put forward. */
class SetClock(
    @Volatile private var now: Instant = Instant.parse("2026-01-01T00:00:00Z"),
) : Clock() {
    fun forward(by: Duration) {
        now = now.plus(by)
    }

    override fun instant(): Instant = now

    override fun getZone(): ZoneId = ZoneOffset.UTC

    override fun withZone(zone: ZoneId): Clock = this
}
