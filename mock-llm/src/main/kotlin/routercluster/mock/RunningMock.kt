package routercluster.mock

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.server.Server
import java.time.Duration
import java.util.concurrent.TimeoutException
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/** A request that a mock got. [path] has the query with it. */
class Received(val method: String, val path: String, val headers: RequestHeaders, val body: ByteArray) {
    fun text(): String = body.toString(Charsets.UTF_8)

    /** The body as JSON; throws where it is none. */
    fun json(): JsonNode = mapper.readTree(body)

    private companion object {
        val mapper = ObjectMapper()
    }
}

/** A mock upstream that listens. Closing it ends all its connections. */
class RunningMock internal constructor(private val server: Server, private val state: MockState) : AutoCloseable {
    val port: Int = server.activeLocalPort()

    /** How requests are answered from now on. */
    var script: Script
        get() = state.script
        set(value) {
            state.script = value
        }

    /**
     * The newest requests to the API, oldest first: at most [MockState.SEEN_MAX] and [MockState.SEEN_BYTES_MAX] of bodies. Requests to `/health`, `/stats`
     * and `/script` are left out.
     */
    val seen: List<Received> get() = state.seen()

    /** Requests to the API since the start or [reset]. */
    val requestCount: Int get() = state.requestCount

    /** Answers that the other side did not wait for. */
    val cancelledCount: Int get() = state.cancelledCount

    /** Answers the next [times] requests by [script], after those that already have one of their own. */
    fun next(script: Script, times: Int = 1) = state.queue(script, times)

    /** Forgets what was seen and every queued script. The script stays. */
    fun reset() = state.reset()

    /**
     * Waits until at least [count] requests have come, and returns those that are kept.
     *
     * @throws TimeoutException with how many came
     */
    fun awaitRequests(count: Int, timeout: Duration = Duration.ofSeconds(5)): List<Received> {
        state.await(timeout, "requests", count) { state.requestCount }
        return seen
    }

    /** Waits until at least [count] answers were abandoned by the other side. */
    fun awaitCancelled(count: Int, timeout: Duration = Duration.ofSeconds(5)) =
        state.await(timeout, "cancelled answers", count) { state.cancelledCount }

    /** Does not wait: a server takes two seconds to end its threads. */
    override fun close() {
        server.closeAsync()
    }
}

/** What a mock remembers. Thread-safe. */
internal class MockState(
    @Volatile var script: Script,
) {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val kept = ArrayDeque<Received>()
    private val queued = ArrayDeque<Script>()
    private var keptBytes = 0L
    private var requests = 0
    private var cancelled = 0
    private var open = 0

    val requestCount: Int get() = lock.withLock { requests }
    val cancelledCount: Int get() = lock.withLock { cancelled }
    val inFlight: Int get() = lock.withLock { open }

    fun seen(): List<Received> = lock.withLock { kept.toList() }

    /** Notes a request and returns the script for it. */
    fun arrived(request: Received): Script =
        lock.withLock {
            requests++
            open++
            kept.addLast(request)
            keptBytes += request.body.size
            while (kept.size > SEEN_MAX || (keptBytes > SEEN_BYTES_MAX && kept.size > 1)) keptBytes -= kept.removeFirst().body.size
            changed.signalAll()
            queued.removeFirstOrNull() ?: script
        }

    fun left(abandoned: Boolean) =
        lock.withLock {
            open--
            if (abandoned) cancelled++
            changed.signalAll()
        }

    fun queue(script: Script, times: Int) {
        require(times in 1..QUEUED_MAX) { "times must be 1 to $QUEUED_MAX, found $times" }
        lock.withLock {
            require(queued.size + times <= QUEUED_MAX) { "at most $QUEUED_MAX scripts may wait" }
            repeat(times) { queued.addLast(script) }
        }
    }

    fun reset() =
        lock.withLock {
            kept.clear()
            queued.clear()
            keptBytes = 0
            requests = 0
            cancelled = 0
        }

    fun await(timeout: Duration, what: String, count: Int, read: () -> Int) =
        lock.withLock {
            var left = timeout.toNanos()
            while (read() < count) {
                if (left <= 0) throw TimeoutException("waited ${timeout.toMillis()} ms for $count $what, found ${read()}")
                left = changed.awaitNanos(left)
            }
        }

    companion object {
        const val SEEN_MAX = 1_000
        const val SEEN_BYTES_MAX = 64L * 1024 * 1024
        const val QUEUED_MAX = 10_000
    }
}
