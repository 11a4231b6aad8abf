package routercluster.gateway.pipeline

import java.util.concurrent.CompletableFuture
import java.util.concurrent.ScheduledExecutorService

/**
 * What the ExtProc door asks of the pipeline. Both functions are quick, hold no state of a request and may be called from any
 * thread.
 */
interface Door {
    /** The plan is there at once, or it comes later on [loop]; cancelling it tells that the client has left. */
    fun plan(request: DoorRequest, loop: ScheduledExecutorService): CompletableFuture<DoorPlan>

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
 */
class DoorRequest(val method: String, val path: String, val headers: List<Pair<String, String>>, val body: ByteArray, val peer: String?)

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

/**
 * Watches the answer to a forwarded request go by. Calls come one after the other: [headers] at most once and first, then
 * [chunk] any number of times, and in every case one [end] or one [aborted] last.
 */
interface AnswerObserver {
    fun headers(status: Int, headers: List<Pair<String, String>>)

    fun chunk(bytes: ByteArray)

    fun end()

    /** The client left, the upstream broke off, or the proxy gave up. */
    fun aborted()
}
