package routercluster.policy.cache

import java.time.Duration
import java.util.concurrent.CompletableFuture

/**
 * Flights: of equal requests that come at a time, one asks a model and the others wait for its answer. Safe for use by many threads.
 */
interface AnswerFlights {
    /**
     * Joins the flight of [key]. What comes of it comes within [wait], more or less, and is never a failure. Cancelling it leaves the flight.
     * What follows runs on whichever thread brings it, so it waits for nothing.
     *
     * @param key that only equal requests have, so that whoever has it may be given the answer
     */
    fun join(key: String, wait: Duration): CompletableFuture<Joined>
}

/** What came of [AnswerFlights.join]. */
sealed interface Joined {
    /**
     * To ask a model, and to say what came of it.
     *
     * @property trouble why others may ask at the same time; null where nobody does
     */
    class Leads(val lead: FlightLead, val trouble: FlightTrouble? = null) : Joined

    /** To give the answer that another got. */
    class Shared(val kept: KeptAnswer) : Joined

    /** To ask a model for itself alone. */
    class Alone(val trouble: FlightTrouble) : Joined
}

/** Held by the one of a flight who asks a model. */
fun interface FlightLead {
    /** The answer that all may have, or null where there is none; then another asks. Only the first call counts. */
    fun ended(kept: KeptAnswer?)
}

/** Why an answer was not waited for. [label] is for metrics. */
enum class FlightTrouble(val label: String) {
    /** No answer came in time. */
    TIMED_OUT("flight_timed_out"),

    /** Too many wait already, or there are too many flights. */
    FULL("flight_full"),

    /** Those who asked first got nothing that may be given again. */
    NOT_KEPT("flight_not_kept"),

    /** Who asks elsewhere in the cluster could not be found out. */
    AWAY("flight_away"),
}
