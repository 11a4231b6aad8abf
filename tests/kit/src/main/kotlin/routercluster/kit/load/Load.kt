package routercluster.kit.load

import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean

/**
 * Clients that ask one after the other, each [REST_MILLIS] after it had an answer, until told to stop; all that came of it is recorded.
 *
 * @param clients that ask at the same time
 * @param ask sends what the client of that number sends as its how manieth request, both from 0, and says what came of it
 */
class Load(clients: Int, private val ask: (client: Int, count: Int) -> Exchange) : AutoCloseable {
    private val over = AtomicBoolean()
    private val done = ConcurrentLinkedQueue<Exchange>()
    private val threads = Executors.newFixedThreadPool(clients) { Thread(it, "load").apply { isDaemon = true } }

    init {
        repeat(clients) { client -> threads.execute { run(client) } }
        threads.shutdown()
    }

    /** What has been answered, or has failed, so far. */
    val exchanges: List<Exchange> get() = done.toList()

    /**
     * Waits until [count] more requests were acknowledged.
     *
     * @throws IllegalStateException where that takes longer than [within]
     */
    fun awaitAcknowledged(count: Int, within: Duration) {
        val end = System.nanoTime() + within.toNanos()
        val wanted = acknowledged() + count
        while (acknowledged() < wanted) {
            check(System.nanoTime() < end) { "${acknowledged()} requests were acknowledged after $within, not $wanted: ${report()}" }
            threads.awaitTermination(POLL_MILLIS, TimeUnit.MILLISECONDS)
        }
    }

    /** Lets each client finish its request, and tells what came of all. */
    fun stop(): List<Exchange> {
        over.set(true)
        check(threads.awaitTermination(STOP_SECONDS_MAX, TimeUnit.SECONDS)) { "clients of a load hang" }
        return exchanges
    }

    fun report(): String = exchanges.report()

    private fun acknowledged() = done.count { it.isAcknowledged }

    private fun run(client: Int) {
        var count = 0
        try {
            while (!over.get()) {
                done += ask(client, count++)
                threads.awaitTermination(REST_MILLIS, TimeUnit.MILLISECONDS)
            }
        } catch (_: InterruptedException) {
            // Closed before its last answer.
        }
    }

    override fun close() {
        over.set(true)
        threads.shutdownNow()
    }

    companion object {
        /** Leaves the processor to those who are asked, and does not ask one that refuses at once as fast as it can. */
        const val REST_MILLIS = 20L
        private const val POLL_MILLIS = 20L
        private const val STOP_SECONDS_MAX = 90L
    }
}
