package routercluster.gateway.http

import routercluster.gateway.pipeline.ApiError
import java.util.concurrent.atomic.AtomicInteger

/** Bounds the requests in the house, and closes the door for draining. */
class Admission {
    private val inside = AtomicInteger()

    @Volatile
    private var draining = false

    val inFlight: Int get() = inside.get()

    val isDraining: Boolean get() = draining

    /** Counts one in; every [enter] must be followed by one [leave], refused or not. Returns why not, where not. */
    fun enter(inFlightMax: Int): ApiError? {
        val count = inside.incrementAndGet()
        return when {
            draining -> ApiError(503, "draining", "This router is shutting down; another one will answer", retryAfterSeconds = 1)
            count > inFlightMax -> ApiError(429, "overloaded", "More than $inFlightMax requests are being answered", retryAfterSeconds = 1)
            else -> null
        }
    }

    fun leave() {
        inside.decrementAndGet()
    }

    fun drain() {
        draining = true
    }
}
