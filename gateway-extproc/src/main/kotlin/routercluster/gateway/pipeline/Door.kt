package routercluster.gateway.pipeline

import routercluster.gateway.http.BodyHold
import routercluster.policy.FailureClass
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ScheduledExecutorService

/**
 * What the ExtProc door asks of the pipeline. Both functions are quick, hold no state of a request and may be called from any
 * thread.
 */
interface Door {
    /** The plan is there at once, or it comes later on [loop]; cancelling it tells that the client has left. */
    fun plan(request: DoorRequest, loop: ScheduledExecutorService): CompletableFuture<DoorPlan>

    /** Room for the body of a request that begins; to be closed once. */
    fun hold(): BodyHold

    /**
     * An error of the door itself, in the shape that a client of [path] expects.
     *
     * @param code stable, for programs
     * @param message for people
     */
    fun refuse(path: String, status: Int, code: String, message: String): DoorPlan.Answer
}

/**
 * A whole request as it came in.
 *
 * @property path with its query
 * @property headers in the order of arrival, names in lower case, without the pseudo-headers of HTTP/2
 * @property body empty where the request had none
 * @property peer IP address of the client, without its port; null where the proxy does not tell
 * @property seesAnswer whether the proxy shows us the answer's body and lets us change it
 */
class DoorRequest(
    val method: String,
    val path: String,
    val headers: List<Pair<String, String>>,
    val body: ByteArray,
    val peer: String?,
    val seesAnswer: Boolean = true,
)

sealed interface DoorPlan {
    /** Shown to access logs and rate limits as dynamic metadata `io.routercluster`; no prompt text, no secrets. */
    val metadata: Map<String, String>

    /**
     * Send on.
     *
     * @property path to ask the upstream for, with its query
     * @property body replaces the request's; ignored where the request had none
     * @property setHeaders replace what is there under these names; one value per name
     * @property destination `host:port` of the upstream
     * @property upstream id of the upstream, or [HTTP_DOOR] for what only the HTTP door can do
     * @property responseHeaders set on the answer
     * @property answerFilter null where the answer passes as it is; only where the request's answer is seen
     * @property clearRouteCache let the proxy choose its route again, by the headers that we set
     */
    class Forward(
        val path: String,
        val body: ByteArray,
        val setHeaders: List<Pair<String, String>>,
        val removeHeaders: List<String>,
        val destination: String,
        val upstream: String,
        val model: String,
        val responseHeaders: List<Pair<String, String>>,
        val clearRouteCache: Boolean,
        val observer: AnswerObserver,
        val answerFilter: AnswerFilter? = null,
        override val metadata: Map<String, String> = emptyMap(),
    ) : DoorPlan

    /** Answer without an upstream. */
    class Answer(
        val status: Int,
        val headers: List<Pair<String, String>>,
        val body: ByteArray,
        override val metadata: Map<String, String> = emptyMap(),
    ) : DoorPlan

    companion object {
        /** The upstream that stands for our own HTTP door; also the name of its cluster in Envoy. */
        const val HTTP_DOOR = "routercluster_http"
    }
}

/** Changes the body of an answer on its way, chunk by chunk, once its [AnswerObserver.headers] have been told. */
fun interface AnswerFilter {
    /**
     * What goes on to the client now; the same array where that is just [bytes]. The [last] call, whose bytes may be none, gives
     * everything that was held back.
     */
    fun pass(bytes: ByteArray, last: Boolean): ByteArray
}

/**
 * How a proxy's delivery went.
 *
 * @property attempts how often it sent the request; 0 where it held the upstream for unfit
 * @property answered whether the answer is the upstream's; else the proxy made it up
 * @property failure what the upstream did wrong where it did not answer; null where that was not its fault
 */
data class Delivery(val attempts: Int, val answered: Boolean, val failure: FailureClass?)

/**
 * Watches the answer to a forwarded request go by. Calls come one after the other: [delivered] and [headers] at most once and
 * first, then [chunk] any number of times, and in every case one [end] or one [aborted] last.
 */
interface AnswerObserver {
    /** Before [headers], where the proxy tells. */
    fun delivered(delivery: Delivery) = Unit

    fun headers(status: Int, headers: List<Pair<String, String>>)

    fun chunk(bytes: ByteArray)

    fun end()

    /** The client left, the upstream broke off, or the proxy gave up. */
    fun aborted()
}
