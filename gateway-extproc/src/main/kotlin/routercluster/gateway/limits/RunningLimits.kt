package routercluster.gateway.limits

import io.netty.channel.EventLoopGroup
import routercluster.gateway.GatewayConfig
import routercluster.policy.limits.LeasedReservations
import routercluster.policy.limits.MemoryAuthority
import routercluster.telemetry.PrometheusEvents
import java.util.HexFormat
import java.util.concurrent.TimeUnit

/** What a gateway holds of limits, until [close] gives it back. */
internal class RunningLimits(config: GatewayConfig, loops: EventLoopGroup, metrics: PrometheusEvents) : AutoCloseable {
    private val now = steadyMillis(config.clock)

    /** By a name that no other run has. */
    val reservations =
        LeasedReservations(HexFormat.of().toHexDigits(config.ids.nextLong()), config.limits ?: MemoryAuthority(now), now)
    val services = EnvoyLimitServices(loops)
    private val ticks = loops.next().scheduleAtFixedRate(reservations::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS)

    init {
        metrics.gauge(
            "router.limit.calls",
            "Questions about limits to other nodes, since the start",
        ) { reservations.stats().calls.toDouble() }
        metrics.gauge("router.limit.call.failures", "Those that were not answered") { reservations.stats().failures.toDouble() }
        metrics.gauge("router.limit.counts", "Counts of limits that this node has to do with") { reservations.stats().counters.toDouble() }
        metrics.gauge("router.limit.lease.age.seconds", "Since the oldest lease that is held was last renewed") {
            reservations.stats().oldestMillis / MILLIS
        }
    }

    override fun close() {
        ticks.cancel(false)
        reservations.close()
        services.close()
    }

    private companion object {
        const val TICK_MILLIS = 250L
        const val MILLIS = 1_000.0
    }
}
