package routercluster.bench.cluster

import java.util.Locale
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference

/** What came of a load. [latencies] in nanoseconds, sorted. */
class Answers(val perSecond: Double, private val latencies: List<Long>, val failed: Int) {
    /** Milliseconds, as text; [share] of the answers took at most so long. */
    fun quantile(share: Double): String {
        val nanos = latencies.getOrNull(minOf(latencies.size - 1, (share * latencies.size).toInt())) ?: return "-"
        return String.format(Locale.ROOT, "%.2f", nanos / 1e6)
    }
}

/**
 * Asks for [seconds], always [inFlight] at a time.
 *
 * @param ask is handed a number that counts all asks
 */
fun closedLoop(inFlight: Int, seconds: Double, ask: (Int) -> CompletionStage<*>): Answers {
    val latencies = ConcurrentLinkedQueue<Long>()
    val next = AtomicInteger()
    val failed = AtomicInteger()
    val over = AtomicBoolean()
    val left = CountDownLatch(inFlight)

    /** Goes round rather than down where an answer is there at once, so that the stack stays flat. */
    fun caller() {
        while (true) {
            if (over.get()) return left.countDown()
            val started = System.nanoTime()
            val turn = AtomicReference(Turn.ASKING)
            ask(next.getAndIncrement()).whenComplete { _, failure ->
                if (failure == null) latencies += System.nanoTime() - started else failed.incrementAndGet()
                if (!turn.compareAndSet(Turn.ASKING, Turn.ANSWERED)) caller()
            }
            if (turn.compareAndSet(Turn.ASKING, Turn.LEFT)) return
        }
    }
    val started = System.nanoTime()
    repeat(inFlight) { caller() }
    pause(seconds)
    val took = (System.nanoTime() - started) / 1e9
    val counted = latencies.toList().sorted()
    over.set(true)
    check(left.await(DRAIN_SECONDS_MAX, TimeUnit.SECONDS)) { "asks without an answer after $DRAIN_SECONDS_MAX s" }
    return Answers(counted.size / took, counted, failed.get())
}

/** Whether the answer came before the caller had gone away. */
private enum class Turn { ASKING, ANSWERED, LEFT }

internal fun pause(seconds: Double) {
    CountDownLatch(1).await((seconds * 1e9).toLong(), TimeUnit.NANOSECONDS)
}

private const val DRAIN_SECONDS_MAX = 60L
