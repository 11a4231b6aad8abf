package routercluster.telemetry

import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.UnsynchronizedAppenderBase
import java.io.IOException
import java.io.OutputStream
import java.time.Duration
import java.util.concurrent.ArrayBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.LongAdder

/** Writes log records from its own thread. A record that finds the queue full is counted and dropped; nobody waits. */
internal class BoundedAppender(
    private val lines: LogLines,
    private val out: OutputStream,
    queueRecordsMax: Int,
) : UnsynchronizedAppenderBase<ILoggingEvent>() {
    private val queue = ArrayBlockingQueue<ILoggingEvent>(queueRecordsMax)
    private val lost = LongAdder()
    private val writer = Thread(::write, "log-writer").apply { isDaemon = true }

    val dropped: Long get() = lost.sum()

    override fun start() {
        super.start()
        writer.start()
    }

    override fun append(event: ILoggingEvent) {
        // Arguments may change after this call: the text is made here, on the caller's thread.
        event.prepareForDeferredProcessing()
        if (!queue.offer(event)) lost.increment()
    }

    /** Takes no further records and waits, within a bound, until those queued are written. */
    override fun stop() {
        if (!isStarted) return
        super.stop()
        writer.join(drainMax.toMillis())
    }

    private fun write() {
        var reported = 0L
        while (true) {
            val event = queue.poll(POLL_MILLIS, TimeUnit.MILLISECONDS)
            if (event != null) writeLine(lines.of(event))
            if (queue.isEmpty()) {
                val now = dropped
                if (now > reported) writeLine(lines.ofDropped(now - reported))
                reported = now
                flush()
                if (!isStarted) return
            }
        }
    }

    private fun writeLine(line: String) {
        try {
            out.write(line.toByteArray())
        } catch (_: IOException) {
            lost.increment()
        }
    }

    private fun flush() {
        try {
            out.flush()
        } catch (_: IOException) {
            lost.increment()
        }
    }

    private companion object {
        const val POLL_MILLIS = 50L
        val drainMax: Duration = Duration.ofSeconds(2)
    }
}
