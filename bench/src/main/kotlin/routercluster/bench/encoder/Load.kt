package routercluster.bench.encoder

import com.sun.management.ThreadMXBean
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Passage
import java.lang.management.ManagementFactory
import java.time.Duration
import java.util.Random
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.math.ln

private val timeout = Duration.ofMinutes(2)

/** [callers] that each ask again as soon as they have an answer, for [seconds], and on until there are as many answers as callers. */
fun closedLoop(encoder: Encoder, passages: List<Passage>, callers: Int, seconds: Double): Measured {
    val latencies = ConcurrentLinkedQueue<Long>()
    val batches = ConcurrentLinkedQueue<Int>()
    val over = AtomicBoolean()
    val left = CountDownLatch(callers)
    val enough = CountDownLatch(callers)
    val thread = Executors.newSingleThreadExecutor()

    fun ask(next: Int) {
        if (over.get()) {
            left.countDown()
            return
        }
        val started = System.nanoTime()
        encoder.encode(EncodeRequest(listOf(passages[next % passages.size]), timeout)).whenComplete { reply, failure ->
            if (failure == null) {
                latencies += System.nanoTime() - started
                batches += reply.batch
                enough.countDown()
            } else {
                // Be it by its timeout: there is nothing to wait for any more.
                over.set(true)
                repeat(callers) { enough.countDown() }
            }
            thread.execute { ask(next + callers) }
        }
    }
    val bytes = allocatedBytes()
    val started = System.nanoTime()
    repeat(callers) { thread.execute { ask(it) } }
    CountDownLatch(1).await((seconds * 1e9).toLong(), TimeUnit.NANOSECONDS)
    // A slow machine may need longer for long texts.
    enough.await()
    over.set(true)
    val took = (System.nanoTime() - started) / 1e9
    val counted = latencies.toList()
    val spent = allocatedBytes() - bytes
    left.await()
    thread.shutdown()
    check(counted.isNotEmpty()) { "no request was answered" }
    return Measured(counted.size / took, counted, spent / maxOf(1, counted.size), batches.average())
}

/** Requests that come by chance, [perSecond] on average, whether or not others were answered. */
fun openLoop(encoder: Encoder, passages: List<Passage>, perSecond: Double, seconds: Double, random: Random): Measured {
    val latencies = ConcurrentLinkedQueue<Long>()
    val replies = ArrayList<CompletableFuture<*>>()
    val timer = Executors.newSingleThreadScheduledExecutor()
    val bytes = allocatedBytes()
    var at = 0.0
    var next = 0
    val sent = CountDownLatch((perSecond * seconds).toInt())
    val started = System.nanoTime()
    while (next < (perSecond * seconds).toInt()) {
        at += -ln(1 - random.nextDouble()) / perSecond
        val due = started + (at * 1e9).toLong()
        val passage = passages[next++ % passages.size]
        val send = {
            replies +=
                encoder
                    .encode(EncodeRequest(listOf(passage), timeout))
                    .toCompletableFuture()
                    .thenRun { latencies += System.nanoTime() - due }
            sent.countDown()
        }
        timer.schedule(send, due - System.nanoTime(), TimeUnit.NANOSECONDS)
    }
    sent.await()
    CompletableFuture.allOf(*replies.toTypedArray()).get()
    timer.shutdown()
    return Measured(perSecond, latencies.toList(), (allocatedBytes() - bytes) / latencies.size, 0.0)
}

/** Bytes that all live threads have allocated so far. */
private fun allocatedBytes(): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    return threads.getThreadAllocatedBytes(threads.allThreadIds).filter { it > 0 }.sum()
}
