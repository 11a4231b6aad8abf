package routercluster.inference.batch

import org.slf4j.LoggerFactory
import routercluster.inference.BatchBounds
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.network.Pass
import routercluster.policy.encode.EncodeFailure
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

private val log = LoggerFactory.getLogger("routercluster.inference")

/** Counts since the start, and what is now. */
internal data class DeviceFacts(
    val queuedTokens: Long,
    val tokensPerSecond: Double,
    val passes: Long,
    val rows: Long,
    val failures: Long,
    val reopening: Boolean,
)

/**
 * A network and the thread that runs it. An idle device takes what is there at once; while it is busy rows gather, and the next pass
 * takes as many as fit. There is no timer: nobody waits for company.
 *
 * @param first open already, so that a bad folder is known at once; [open] opens it again after it failed
 */
internal class Device(
    private val name: String,
    private val bounds: BatchBounds,
    first: Pass,
    private val alwaysAlone: Boolean,
    private val nanoTime: () -> Long,
    private val open: () -> Pass,
) : AutoCloseable {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val queue = RowQueue(bounds.tokens, if (alwaysAlone) 1 else bounds.rows)
    private val speed = Speed()
    private var closing = false

    /** Null while a failed network waits to be opened again. */
    private var pass: Pass? = first
    private var running = 0L
    private var passes = 0L
    private var rows = 0L
    private var failures = 0L
    private val worker = thread(name = "encoder-$name", isDaemon = true) { work() }

    val facts: DeviceFacts
        get() = lock.withLock { DeviceFacts(queue.load + running, speed.tokensPerSecond, passes, rows, failures, pass == null) }

    /**
     * Queues all of [rows] or none.
     *
     * @param timeout nanoseconds until nobody waits for them
     * @throws EncodeFailure.Overloaded at a bound of the queue
     * @throws EncodeFailure.Unavailable while the network is closed or broken
     */
    fun submit(rows: List<Row>, timeout: Long) {
        lock.withLock {
            if (closing) throw EncodeFailure.Unavailable("encoder $name is closed")
            if (pass == null) throw EncodeFailure.Unavailable("encoder $name failed and is being opened again")
            checkLoad(rows.sumOf { it.window.size.toLong() }, timeout)
            rows.forEach(queue::add)
            changed.signal()
        }
    }

    /** When the next row of a request is due, after [tokens] of it. */
    fun rank(now: Long, tokens: Long): Long = now + speed.predict(tokens)

    /** Whoever waits gets [EncodeFailure.Unavailable]. Returns once the thread has ended and the network is closed. */
    override fun close() {
        lock.withLock {
            closing = true
            changed.signal()
            pass?.stop()
        }
        if (Thread.currentThread() != worker) worker.join()
    }

    private fun checkLoad(added: Long, timeout: Long) {
        val load = queue.load + running
        if (load > 0 && load + added > bounds.queueTokens) {
            val bound = "the bound of ${bounds.queueTokens}"
            throw EncodeFailure.Overloaded("encoder $name: $load tokens wait already and $added more would pass $bound")
        }
        val wait = speed.predict(load)
        if (wait > minOf(bounds.wait.toNanos(), timeout)) {
            val isLate = timeout < bounds.wait.toNanos()
            val most = if (isLate) "the request's timeout of ${timeout / MILLION}" else "the bound of ${bounds.wait.toMillis()}"
            throw EncodeFailure.Overloaded("encoder $name: the predicted wait of ${wait / MILLION} ms is over $most ms")
        }
    }

    private fun work() {
        var backoff = FIRST_BACKOFF
        while (true) {
            val network = lock.withLock { pass }
            if (network == null) {
                if (!waitFor(backoff) || !reopen()) {
                    if (isClosing()) break
                    backoff = minOf(2 * backoff, LAST_BACKOFF)
                }
                continue
            }
            backoff = FIRST_BACKOFF
            val batch = next() ?: break
            run(network, batch)
        }
        end()
    }

    private fun isClosing() = lock.withLock { closing }

    /** Waits until there is something to run; null once closing. */
    private fun next(): List<Row>? =
        lock.withLock {
            while (true) {
                if (closing) return null
                val batch = queue.take(nanoTime())
                if (batch.isNotEmpty()) {
                    running = batch.sumOf { it.window.size.toLong() }
                    return batch
                }
                changed.await()
            }
            error("the loop ends by returning")
        }

    private fun run(network: Pass, batch: List<Row>) {
        val started = nanoTime()
        val found =
            try {
                network.run(batch.map(Row::window), batch.map(Row::wants))
            } catch (failure: Exception) {
                broken(network, batch, failure)
                return
            } catch (failure: OutOfMemoryError) {
                broken(network, batch, failure)
                return
            }
        val nanos = nanoTime() - started
        speed.measured(batch.size * batch.maxOf { it.window.size }, nanos)
        val facts =
            lock.withLock {
                running = 0
                rows += batch.size
                PassFacts(passes++, batch.size, started, nanos)
            }
        batch.forEachIndexed { i, row -> row.owner.found(row, found[i], facts) }
    }

    /** Rows of a failed pass get one more try each, alone: only the one that breaks the network then fails. */
    private fun broken(network: Pass, batch: List<Row>, failure: Throwable) {
        val ended = isClosing()
        if (!ended) log.error("encoder {}: a pass over {} windows failed, opening it again: {}", name, batch.size, failure.message)
        lock.withLock {
            pass = null
            running = 0
            failures++
            if (!ended && batch.size > 1) batch.forEach { queue.add(it.alone()) }
        }
        network.close()
        val reason = EncodeFailure.Unavailable(if (ended) "encoder $name was closed" else "encoder $name: a pass failed", failure)
        if (ended || batch.size == 1) batch.forEach { it.owner.failed(reason) }
    }

    private fun reopen(): Boolean =
        try {
            val opened = open()
            lock.withLock { pass = opened }
            true
        } catch (failure: EncoderLoadException) {
            failAll("encoder $name cannot be opened again: ${failure.message}")
            false
        }

    /** Waits [nanos]; false where closing ended it. */
    private fun waitFor(nanos: Long): Boolean =
        lock.withLock {
            var left = nanos
            while (left > 0 && !closing) left = changed.awaitNanos(left)
            !closing
        }

    private fun failAll(reason: String) {
        log.error(reason)
        val left = lock.withLock { queue.drain() }
        left.map(Row::owner).distinct().forEach { it.failed(EncodeFailure.Unavailable(reason)) }
    }

    private fun end() {
        val (left, network) =
            lock.withLock {
                val left = queue.drain()
                left to pass.also { pass = null }
            }
        left.map(Row::owner).distinct().forEach { it.failed(EncodeFailure.Unavailable("encoder $name was closed")) }
        network?.close()
    }

    private companion object {
        const val MILLION = 1_000_000
        const val FIRST_BACKOFF = 50_000_000L
        const val LAST_BACKOFF = 10_000_000_000L
    }
}
