package routercluster.gateway.limits

import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.Journey
import routercluster.policy.limits.Amounts
import routercluster.policy.limits.LeasedReservations
import routercluster.policy.limits.LimitFacts
import routercluster.policy.limits.LimitRule
import routercluster.policy.limits.MemoryAuthority
import routercluster.policy.limits.Reservations
import routercluster.policy.limits.Reserved
import routercluster.policy.routing.Action
import routercluster.policy.routing.Plan
import routercluster.telemetry.Events
import routercluster.telemetry.LimitOutcome
import routercluster.telemetry.RouterEvent
import java.time.Clock
import java.util.concurrent.CompletableFuture

/** Where a request asks whether it may go on. What is granted is kept with the journey, which gives it back or pays for it at its end. */
class LimitDesk(private val reservations: Reservations, private val services: LimitServices, private val events: Events) {
    /** Asks what depends on the caller alone. The error that the request is refused with; null where it may go on. */
    fun early(journey: Journey, estimate: () -> Amounts): CompletableFuture<ApiError?> {
        val rules = journey.snapshot.policy.limits.early
        return if (rules.isEmpty()) PASSED else reserve(journey, rules, LimitFacts(journey.caller), estimate())
    }

    /** As [early], what depends on where the request is to go, and the services. */
    fun late(journey: Journey, plan: Plan, estimate: () -> Amounts): CompletableFuture<ApiError?> {
        val limits = journey.snapshot.policy.limits
        val first = (plan.action as? Action.Forward)?.first ?: return PASSED
        if (limits.late.isEmpty() && limits.services.isEmpty()) return PASSED
        val facts = LimitFacts(journey.caller, first.model.name, plan.decision?.name)
        val own = if (limits.late.isEmpty()) PASSED else reserve(journey, limits.late, facts, estimate())
        if (limits.services.isEmpty()) return own
        return own.thenCompose { error ->
            if (error !=
                null
            ) {
                CompletableFuture.completedFuture(error)
            } else {
                services.ask(limits.services, facts).thenApply { taken(journey, it) }
            }
        }
    }

    /**
     * What the caller may still spend by limits of money that do not depend on where the request goes: the least that is left, in their currency, as far
     * as this node knows. Null where no such limit is known.
     */
    fun moneyLeft(journey: Journey): CompletableFuture<Double?> {
        val rules = journey.snapshot.policy.limits.rules
            .filter { it.isOfCallersMoney }
        if (rules.isEmpty()) return UNBOUNDED
        // The least that can be asked for, so that a node which holds nothing asks the others.
        return reservations.reserve(rules, LimitFacts(journey.caller), Amounts(requests = 0, costMicros = 1)).thenApply { reserved ->
            when (reserved) {
                is Reserved.Granted -> {
                    reserved.reservation.standings
                        .minOfOrNull { it.remaining }
                        .also { reserved.reservation.settle(Amounts.NONE) }
                }

                is Reserved.Denied -> {
                    reserved.standing.remaining
                }

                is Reserved.Unavailable -> {
                    null
                }
            }?.let { it / MICROS }
        }
    }

    private fun reserve(journey: Journey, rules: List<LimitRule>, facts: LimitFacts, estimate: Amounts): CompletableFuture<ApiError?> {
        val reserved = reservations.reserve(rules, facts, estimate)
        return if (reserved.isDone) {
            CompletableFuture.completedFuture(taken(journey, reserved.join()))
        } else {
            reserved.thenApply {
                taken(journey, it)
            }
        }
    }

    private fun taken(journey: Journey, reserved: Reserved): ApiError? =
        when (reserved) {
            is Reserved.Granted -> {
                journey.limits.add(reserved.reservation)
                reserved.reservation.standings.forEach { events.publish(RouterEvent.LimitAsked(it.rule, LimitOutcome.GRANTED)) }
                reserved.reservation.unasked.forEach { events.publish(RouterEvent.LimitAsked(it, LimitOutcome.PASSED_UNASKED)) }
                null
            }

            is Reserved.Denied -> {
                journey.limits.refused(reserved.standing)
                events.publish(RouterEvent.LimitAsked(reserved.standing.rule, LimitOutcome.DENIED))
                deniedError(reserved.standing, reserved.retryMillis)
            }

            is Reserved.Unavailable -> {
                events.publish(RouterEvent.LimitAsked(reserved.rule, LimitOutcome.REFUSED_UNASKED))
                unavailableError(reserved.rule, reserved.retryMillis)
            }
        }

    companion object {
        private const val MICROS = 1e6
        private val UNBOUNDED: CompletableFuture<Double?> = CompletableFuture.completedFuture(null)
        private val PASSED: CompletableFuture<ApiError?> = CompletableFuture.completedFuture(null)

        /** Counts in this process alone, and asks no service. */
        fun ofThisProcess(clock: Clock): LimitDesk {
            val now = steadyMillis(clock)
            return LimitDesk(LeasedReservations("here", MemoryAuthority(now), now), LimitServices.NONE, Events.NONE)
        }
    }
}

/** [clock]'s time at this moment, and from then on a time that neither jumps nor goes back. */
internal fun steadyMillis(clock: Clock): () -> Long {
    val begun = clock.millis()
    val start = System.nanoTime()
    return { begun + (System.nanoTime() - start) / NANOS_PER_MILLI }
}

private const val NANOS_PER_MILLI = 1_000_000
