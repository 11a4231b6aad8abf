package routercluster.gateway.http

import routercluster.gateway.pipeline.ApiError
import java.util.concurrent.atomic.AtomicLong

/** Bounds the bytes of request bodies that are held at a time, over all requests. Safe for use by many threads. */
class BodyRoom {
    private val held = AtomicLong()

    val bytes: Long get() = held.get()

    /** For the body of one request, which must be closed once. */
    fun hold(bytesMax: Long): BodyHold = BodyHold(this, bytesMax)

    internal fun take(bytes: Long, bytesMax: Long): Boolean {
        if (held.addAndGet(bytes) <= bytesMax) return true
        held.addAndGet(-bytes)
        return false
    }

    internal fun give(bytes: Long) {
        held.addAndGet(-bytes)
    }
}

/** The room that one request's body takes up. */
class BodyHold internal constructor(private val room: BodyRoom, private val bytesMax: Long) : AutoCloseable {
    private val own = AtomicLong()

    @Volatile
    private var closed = false

    /** Makes room for [bytes] more; false where there is none, and for what comes after [close]. */
    fun add(bytes: Int): Boolean {
        if (closed || !room.take(bytes.toLong(), bytesMax)) return false
        own.addAndGet(bytes.toLong())
        return true
    }

    val refusal: ApiError
        get() = ApiError(429, "overloaded", "The bodies of requests that are being answered fill $bytesMax bytes", retryAfterSeconds = 1)

    override fun close() {
        closed = true
        room.give(own.getAndSet(0))
    }
}
