package routercluster.gateway.http

import routercluster.gateway.pipeline.ApiError
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger

/** Bounds the requests in the house, and closes the door when the node ends. Safe for use by many threads. */
class Admission {
    private val inside = AtomicInteger()

    /** For bodies of requests that were let in. */
    val bodies: BodyRoom = BodyRoom()
    private val emptied = CompletableFuture<Unit>()

    @Volatile
    private var draining = false

    val inFlight: Int get() = inside.get()

    /** Whether this node is to end soon: whoever is let in still should come to another one next time. */
    @Volatile
    var isLeaving: Boolean = false
        private set

    /** Lets one in, which must [leave] once; or returns why not, and then nobody is to leave. */
    fun enter(inFlightMax: Int): ApiError? {
        val count = inside.incrementAndGet()
        val refusal =
            when {
                draining -> ApiError(503, "draining", "This router is shutting down; another one will answer", retryAfterSeconds = 1)

                count > inFlightMax -> ApiError(
                    429,
                    "overloaded",
                    "More than $inFlightMax requests are being answered",
                    retryAfterSeconds = 1,
                )

                else -> null
            }
        if (refusal != null) leave()
        return refusal
    }

    fun leave() {
        if (inside.decrementAndGet() == 0 && draining) emptied.complete(Unit)
    }

    /** Says that this node is to end; false where that was said before. */
    @Synchronized
    fun leaveSoon(): Boolean = !isLeaving.also { isLeaving = true }

    /** Lets nobody in any more. The future is done once the house is empty. */
    fun drain(): CompletableFuture<Unit> {
        isLeaving = true
        draining = true
        if (inside.get() == 0) emptied.complete(Unit)
        return emptied
    }
}
