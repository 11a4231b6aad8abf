package routercluster.mock

import com.linecorp.armeria.common.HttpResponseWriter
import io.netty.channel.EventLoop
import java.time.Duration
import java.util.concurrent.TimeUnit

/** What follows a stream's last chunk. */
internal enum class Ending { CLOSE, HANG_UP, SILENCE }

/**
 * Plays a stream at its pace on the connection's event loop: no thread waits, and no more is held than the other side reads.
 * A frame is due when the tokens before it have had their time, counted from the first, so delays do not add up.
 *
 * @param framesMax frames after which [ending] comes early
 * @param hangUp ends the connection
 */
internal class Playback(
    private val eventLoop: EventLoop,
    private val writer: HttpResponseWriter,
    private val frames: Iterator<Frame>,
    private val nanosPerToken: Double,
    private val framesMax: Int,
    private val ending: Ending,
    private val hangUp: () -> Unit,
) {
    private var beganNanos = 0L
    private var framesSent = 0
    private var tokensSent = 0L

    /** Begins after [delay]. The headers are written already. */
    fun start(delay: Duration) = later(delay.toNanos(), ::begin)

    private fun begin() {
        beganNanos = System.nanoTime()
        play()
    }

    private fun play() {
        repeat(BURST_FRAMES) {
            if (framesSent == framesMax || !frames.hasNext()) return end()
            val waitNanos = (beganNanos + tokensSent * nanosPerToken).toLong() - System.nanoTime()
            if (waitNanos > 0) return later(waitNanos, ::play)
            val frame = frames.next()
            if (!writer.tryWrite(frame.data)) return
            framesSent++
            tokensSent += frame.tokens
        }
        onceConsumed(::play)
    }

    private fun end() =
        when (ending) {
            Ending.CLOSE -> writer.close()
            Ending.HANG_UP -> onceConsumed(hangUp)
            Ending.SILENCE -> Unit
        }

    private fun later(nanos: Long, action: () -> Unit) {
        if (nanos <= 0) eventLoop.execute(action) else eventLoop.schedule(action, nanos, TimeUnit.NANOSECONDS)
    }

    /** Goes on once all that was written is on its way; never where the other side has left. */
    private fun onceConsumed(action: () -> Unit) {
        writer.whenConsumed().thenRunAsync(action, eventLoop)
    }

    private companion object {
        const val BURST_FRAMES = 64
    }
}
