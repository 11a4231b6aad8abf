package routercluster.gateway.cache

import routercluster.gateway.pipeline.Journey
import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.Joined
import routercluster.policy.routing.Plan
import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * Has requests join flights whose answers may be given again and kept.
 *
 * @param collects whether a request's answer is to be kept
 */
internal class JourneyFlights(
    private val flights: AnswerFlights,
    private val equal: EqualAnswers,
    private val collects: (Journey, Plan) -> Boolean,
) {
    /** Null for a request that goes its way alone. */
    fun join(journey: Journey, plan: Plan, visit: CacheVisit): CompletableFuture<Joined>? {
        val settings = plan.cache?.takeIf { it.mode.exact && it.singleFlight } ?: return null
        val key = visit.equalKeys[settings.scope]
        if (key == null || !journey.seesAnswer || !control(journey, settings).reads || !collects(journey, plan)) return null
        return flights.join(key, wait(journey, plan))
    }

    /** Between its look into the exact tier and now an equal request may have got its answer. */
    fun landed(plan: Plan, visit: CacheVisit, joined: Joined): Joined {
        val key = plan.cache?.let { visit.equalKeys[it.scope] } ?: return joined
        val kept = (joined as? Joined.Leads)?.let { equal.of(key) } ?: return joined
        joined.lead.ended(kept)
        return Joined.Shared(kept)
    }

    /** Half of what is left of the request's time at most, so that a model can still be asked. */
    private fun wait(journey: Journey, plan: Plan): Duration {
        val passed = Duration.ofNanos(System.nanoTime() - journey.startNanos)
        val left = plan.policy.gateway.forwarding.totalTimeout
            .minus(passed)
        return minOf(plan.policy.cache.flightWait, left.dividedBy(2)).coerceAtLeast(Duration.ZERO)
    }
}
