package routercluster.gateway.cache

import routercluster.policy.cache.AnswerFlights
import routercluster.policy.cache.FlightLead
import routercluster.policy.cache.FlightTrouble
import routercluster.policy.cache.Joined
import routercluster.policy.cache.KeptAnswer
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean

/**
 * Flights of one node. Whoever leads one joins the flight of all nodes for it, so that a node asks the others once for all its requests.
 *
 * @param cluster flights of all nodes; null for a node that is alone
 * @param nanoTime a clock that only goes forward
 */
internal class NodeFlights(
    private val cluster: AnswerFlights?,
    private val nanoTime: () -> Long = System::nanoTime,
    private val flightsMax: Int = FLIGHTS_MAX,
    private val waitingMax: Int = WAITING_MAX,
) : AnswerFlights {
    private class Waiting(val untilNanos: Long) {
        val joined = CompletableFuture<Joined>()
    }

    /**
     * Touched within the map's own steps alone.
     *
     * @property untilNanos when its leader is taken for lost
     */
    private class Flight(val untilNanos: Long) {
        val waiting = ArrayDeque<Waiting>()
        var leads = 1
    }

    private val flights = ConcurrentHashMap<String, Flight>()

    override fun join(key: String, wait: Duration): CompletableFuture<Joined> {
        val now = nanoTime()
        val asker = Waiting(now + wait.toNanos())
        val isFull = flights.mappingCount() >= flightsMax
        var led: Flight? = null
        var trouble: FlightTrouble? = null
        flights.compute(key) { _, flight ->
            when {
                flight == null && isFull -> null.also { trouble = FlightTrouble.FULL }
                flight == null -> Flight(now + LEAD_MAX.toNanos()).also { led = it }
                now - flight.untilNanos >= 0 -> flight.renewed(now).also { led = it }
                flight.isFull() -> flight.also { trouble = FlightTrouble.FULL }
                else -> flight.also { it.waiting.addLast(asker) }
            }
        }
        trouble?.let { asker.joined.complete(Joined.Alone(it)) }
        led?.let { lead(key, it, asker) }
        if (!asker.joined.isDone && led == null) {
            asker.joined.completeOnTimeout(Joined.Alone(FlightTrouble.TIMED_OUT), wait.toMillis(), TimeUnit.MILLISECONDS)
        }
        return asker.joined
    }

    private fun Flight.renewed(now: Long) = Flight(now + LEAD_MAX.toNanos()).also { it.waiting.addAll(waiting) }

    /** Those who have gone make room when it is needed. */
    private fun Flight.isFull(): Boolean {
        if (waiting.size >= waitingMax) waiting.removeAll { it.joined.isDone }
        return waiting.size >= waitingMax
    }

    private fun lead(key: String, flight: Flight, asker: Waiting) {
        if (cluster == null) return grant(key, flight, asker, null, null)
        val left = Duration.ofNanos(maxOf(asker.untilNanos - nanoTime(), 0))
        val asked = cluster.join(key, left)
        asker.joined.whenComplete { _, _ -> if (asker.joined.isCancelled) asked.cancel(false) }
        asked.whenComplete { told, _ ->
            when (told) {
                is Joined.Leads -> {
                    grant(key, flight, asker, told.lead, told.trouble)
                }

                is Joined.Shared -> {
                    asker.joined.complete(told)
                    land(key, flight, told.kept)
                }

                // On its own node it leads all the same.
                is Joined.Alone -> {
                    grant(key, flight, asker, null, told.trouble)
                }

                null -> {
                    grant(key, flight, asker, null, FlightTrouble.AWAY)
                }
            }
        }
    }

    private fun grant(key: String, flight: Flight, asker: Waiting, ofAll: FlightLead?, trouble: FlightTrouble?) {
        val lead = Lead(key, flight, ofAll)
        if (!asker.joined.complete(Joined.Leads(lead, trouble))) lead.ended(null)
    }

    private inner class Lead(private val key: String, private val flight: Flight, private val ofAll: FlightLead?) : FlightLead {
        private val isOpen = AtomicBoolean(true)

        override fun ended(kept: KeptAnswer?) {
            if (!isOpen.compareAndSet(true, false)) return
            ofAll?.ended(kept)
            if (kept == null) next(key, flight) else land(key, flight, kept)
        }
    }

    private fun land(key: String, flight: Flight, kept: KeptAnswer) = release(key, flight, Joined.Shared(kept))

    /** All who wait are told [joined], and the flight is over. */
    private fun release(key: String, flight: Flight, joined: Joined) {
        var waiting = emptyList<Waiting>()
        flights.computeIfPresent(key) { _, current ->
            if (current !== flight) return@computeIfPresent current
            waiting = current.waiting.toList()
            null
        }
        waiting.forEach { it.joined.complete(joined) }
    }

    /** Who has waited longest leads, unless so many have led in vain that it is not worth the wait of the others. */
    private fun next(key: String, flight: Flight) {
        var first: Waiting? = null
        var isHopeless = false
        flights.computeIfPresent(key) { _, current ->
            if (current !== flight) return@computeIfPresent current
            isHopeless = ++current.leads > LEADS_MAX
            while (!isHopeless && first == null && current.waiting.isNotEmpty()) {
                first = current.waiting.removeFirst().takeUnless { it.joined.isDone }
            }
            current.takeIf { isHopeless || first != null }
        }
        if (isHopeless) return release(key, flight, Joined.Alone(FlightTrouble.NOT_KEPT))
        first?.let { lead(key, flight, it) }
    }

    private companion object {
        const val FLIGHTS_MAX = 10_000

        /** Of one flight. */
        const val WAITING_MAX = 1_000
        const val LEADS_MAX = 3

        /** An account is closed long before; a flight must not hang on one that was forgotten. */
        val LEAD_MAX: Duration = Duration.ofMinutes(10)
    }
}
