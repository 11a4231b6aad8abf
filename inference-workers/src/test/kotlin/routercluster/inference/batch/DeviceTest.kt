package routercluster.inference.batch

import ai.onnxruntime.OrtException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.inference.BatchBounds
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.network.Findings
import routercluster.inference.network.Pass
import routercluster.inference.network.Want
import routercluster.inference.text.Window
import routercluster.policy.encode.EncodeFailure
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.Semaphore
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

class DeviceTest {
    private val now = AtomicLong()
    private val network = Scripted()
    private val opened = AtomicInteger()
    private var device = device()

    @AfterEach
    fun close() {
        network.gate.release(1_000)
        device.close()
    }

    @Test
    fun `an idle device takes one row at once`() {
        network.gate.release()
        submit(row(5)).get() shouldBe 1
    }

    @Test
    fun `rows that come while it is busy share the next pass`() {
        val first = submit(row(5))
        network.begun.acquire()
        val others = (1..6).map { submit(row(5)) }
        network.gate.release(2)
        first.get() shouldBe 1
        others.forEach { it.get() shouldBe 6 }
    }

    @Test
    fun `a full queue refuses, naming what waits`() {
        submit(row(60))
        network.begun.acquire()
        submit(row(40))
        shouldThrow<EncodeFailure.Overloaded> { submit(row(1)) }.message shouldBe
            "encoder test: 100 tokens wait already and 1 more would pass the bound of 100"
    }

    @Test
    fun `a long predicted wait refuses before the queue is full`() {
        network.takes = Duration.ofSeconds(2).toNanos()
        network.gate.release()
        submit(row(10)).get()
        network.begun.acquire()
        submit(row(10))
        network.begun.acquire()
        shouldThrow<EncodeFailure.Overloaded> { submit(row(10), timeout = Duration.ofSeconds(1)) }.message shouldContain
            "the predicted wait of 2000 ms is over the request's timeout of 1000 ms"
        submit(row(10), timeout = Duration.ofSeconds(30))
        val patient = Duration.ofSeconds(30)
        shouldThrow<EncodeFailure.Overloaded> { submit(row(10), patient) }.message shouldContain "over the bound of 3000 ms"
    }

    @Test
    fun `the row that breaks the network fails alone, and the network is opened again`() {
        val first = submit(row(5))
        network.begun.acquire()
        val good = submit(row(5))
        val bad = submit(row(5, mark = POISON))
        network.gate.release(1_000)
        first.get() shouldBe 1
        good.get() shouldBe 1
        shouldThrow<ExecutionException> { bad.get() }.cause!!.message shouldBe "encoder test: a pass failed"
        submitOnceOpen(row(5)).get() shouldBe 1
        opened.get() shouldBe 2
    }

    @Test
    fun `while the network cannot be opened callers are told at once, later it works again`() {
        network.brokenOpens = 2
        network.gate.release(1_000)
        val bad = submit(row(5, mark = POISON))
        shouldThrow<ExecutionException> { bad.get() }
        submitOnceOpen(row(5)).get() shouldBe 1
        opened.get() shouldBe 3
    }

    @Test
    fun `closing tells whoever waits`() {
        val running = submit(row(5))
        network.begun.acquire()
        val waiting = submit(row(5))
        device.close()
        listOf(running, waiting).forEach { row ->
            shouldThrow<ExecutionException> { row.get(10, TimeUnit.SECONDS) }.cause!!.message shouldBe "encoder test was closed"
        }
        network.closed.count shouldBe 0
        shouldThrow<EncodeFailure.Unavailable> { submit(row(5)) }.message shouldBe "encoder test is closed"
    }

    private fun device() =
        Device("test", BatchBounds(tokens = 100, rows = 8, queueTokens = 100, wait = Duration.ofSeconds(3)), network, false, now::get) {
            opened.incrementAndGet()
            if (opened.get() <= network.brokenOpens) throw EncoderLoadException("no such file")
            network
        }

    private fun submit(row: Row, timeout: Duration = Duration.ofMinutes(1)): CompletableFuture<Int> {
        device.submit(listOf(row), timeout.toNanos())
        return (row.owner as Waiting).pass
    }

    /** The network is opened again on the device's own thread: asks until it is. */
    private fun submitOnceOpen(row: Row): CompletableFuture<Int> {
        while (true) {
            try {
                return submit(row)
            } catch (_: EncodeFailure.Unavailable) {
                Thread.onSpinWait()
            }
        }
    }

    /** A pass begins when [gate] lets it; [begun] tells that it waits there. */
    private inner class Scripted : Pass {
        val gate = Semaphore(0)
        val begun = Semaphore(0)
        val closed = CountDownLatch(1)
        var takes = 0L
        var brokenOpens = 0

        @Volatile
        private var stopped = false

        override fun run(windows: List<Window>, wants: List<Set<Want>>): List<Findings> {
            begun.release()
            gate.acquire()
            if (stopped) throw OrtException("terminated")
            now.addAndGet(takes)
            if (windows.any { it.ids[0] == POISON }) throw OrtException("bad row")
            return windows.map { emptyMap() }
        }

        override fun stop() {
            stopped = true
            gate.release(1_000)
        }

        override fun close() = closed.countDown()
    }

    private companion object {
        const val POISON = 666
    }
}
