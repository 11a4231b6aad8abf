package routercluster.vectorstore.embedded

import org.apache.lucene.search.SearcherManager
import org.apache.lucene.store.AlreadyClosedException
import org.slf4j.LoggerFactory
import routercluster.policy.vectors.VectorFailure
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * The changes of one collection, one after another on a thread of their own, so that nobody who reads waits for them. Whatever has come
 * meanwhile is put into the index together, shown to searches, and only then acknowledged.
 *
 * @param interval least time from one showing to the next
 * @param shown called on that thread after every showing
 */
internal class Intake(
    name: String,
    private val searchers: SearcherManager,
    private val interval: Duration,
    private val pointsMax: Int,
    private val shown: () -> Unit,
) {
    private class Change<T>(val points: Int, val bytes: Long, val work: () -> T) {
        val done = CompletableFuture<T>()
        private var complete: () -> Unit = {}

        fun run() {
            complete = try {
                val result = work()
                ({ done.complete(result) })
            } catch (failure: Exception) {
                // Whatever it is, somebody waits, and others wait behind.
                ({ fail(failure) })
            }
        }

        fun tell() = complete()

        fun fail(failure: Exception) {
            done.completeExceptionally(VectorFailure.Unavailable("the vector store cannot be written: $failure", failure))
        }
    }

    private val waiting = LinkedBlockingQueue<Change<*>>()

    /** After which nothing comes. */
    private val end = Change(0, 0) {}
    private val points = AtomicInteger()
    private val bytes = AtomicLong()

    @Volatile private var isClosed = false

    private val thread = IntakeThread("vectors-$name", ::run).apply { start() }

    /** Of what waits. */
    val waitingBytes: Long get() = bytes.get()

    /**
     * Runs [work] after what was asked before, and answers when searches see what it did.
     *
     * @param count of points that it puts or deletes, 1 for other changes; new ones take about [size] bytes
     */
    fun <T> ask(count: Int, size: Long = 0, work: () -> T): CompletionStage<T> {
        if (points.get() + count >
            pointsMax
        ) {
            throw VectorFailure.Overloaded("${points.get()} points wait to be put or deleted, at most $pointsMax")
        }
        val change = Change(count, size, work)
        synchronized(waiting) {
            if (isClosed) throw VectorFailure.Closed("the collection is closed")
            points.addAndGet(count)
            bytes.addAndGet(size)
            waiting += change
        }
        return change.done
    }

    /** Does what was asked until now, and ends. */
    fun close() {
        synchronized(waiting) {
            isClosed = true
            waiting += end
        }
        thread.join()
    }

    private fun run() {
        var last = System.nanoTime() - interval.toNanos()
        do {
            val first = waiting.take()
            val rest = interval.toNanos() - (System.nanoTime() - last)
            if (rest > 0 && !isClosed) TimeUnit.NANOSECONDS.sleep(rest)
            val changes = mutableListOf<Change<*>>(first)
            var count = first.points
            while (count < POINTS_TOGETHER_MAX) changes += waiting.poll()?.also { count += it.points } ?: break
            changes.forEach { it.run() }
            val failure = show()
            last = System.nanoTime()
            for (change in changes) {
                points.addAndGet(-change.points)
                bytes.addAndGet(-change.bytes)
            }
            changes.forEach { if (failure == null) it.tell() else it.fail(failure) }
        } while (end !in changes)
    }

    /** Lets searches see what was done, or says why not. */
    private fun show(): Exception? =
        try {
            searchers.maybeRefreshBlocking()
            shown()
            null
        } catch (failure: IOException) {
            failure
        } catch (failure: AlreadyClosedException) {
            failure
        }.also { if (it != null) log.error("the vector store cannot be read again: {}", it.toString()) }

    private companion object {
        /** Put before they are shown, where more wait; those of the change that reaches it may be more. */
        const val POINTS_TOGETHER_MAX = 1_000
        val log = LoggerFactory.getLogger(Intake::class.java)
    }
}

/** That puts entries; see [Merges]. */
internal class IntakeThread(name: String, work: () -> Unit) : Thread(work, name) {
    init {
        isDaemon = true
    }
}
