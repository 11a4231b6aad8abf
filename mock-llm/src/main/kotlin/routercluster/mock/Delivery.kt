package routercluster.mock

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpHeaderNames
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.common.ResponseHeadersBuilder
import com.linecorp.armeria.common.logging.RequestLogProperty
import com.linecorp.armeria.server.ServiceRequestContext
import io.netty.channel.Channel
import io.netty.channel.ChannelOption
import io.netty.util.AsciiString
import java.time.Clock
import java.time.Duration
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** Sends one answer with its script's delays and faults. */
internal class Delivery(private val ctx: ServiceRequestContext, private val clock: Clock) {
    /** Whether the request came in whole. */
    @Volatile var arrived = false

    /** Whether the mock itself broke the connection. */
    @Volatile var endedByUs = false
        private set

    fun deliver(content: Content, dialect: Dialect, script: Script, fault: Fault?): CompletableFuture<HttpResponse> {
        val delay =
            when (fault) {
                null, is Fault.Cut, is Fault.Silence -> script.headersDelay + wholeDelay(content, script)
                is Fault.Status, is Fault.Raw, is Fault.Close -> script.headersDelay
            }
        val response = CompletableFuture<HttpResponse>()
        after(delay) {
            when (fault) {
                null -> response.complete(sound(content, script))
                is Fault.Status -> response.complete(failed(fault, dialect, script))
                is Fault.Raw -> response.complete(raw(fault, script))
                is Fault.Close -> reset()
                is Fault.Cut -> response.complete(played(content, script, fault.afterChunks, Ending.HANG_UP))
                is Fault.Silence -> response.complete(played(content, script, fault.afterChunks, Ending.SILENCE))
            }
        }
        return response
    }

    /** How long the tokens of an answer take that is not streamed. */
    private fun wholeDelay(content: Content, script: Script): Duration =
        when {
            content !is Content.Text -> script.firstTokenDelay
            content.asked.stream -> Duration.ZERO
            else -> script.firstTokenDelay + Duration.ofNanos((content.answer.pieces.size * nanosPerToken(script)).toLong())
        }

    private fun sound(content: Content, script: Script): HttpResponse =
        if (content is Content.Text && content.asked.stream) {
            played(content, script, Int.MAX_VALUE, Ending.CLOSE)
        } else {
            val (status, body) = whole(content)
            HttpResponse.of(headers(status, MediaType.JSON, script).contentLength(body.length().toLong()).build(), body)
        }

    private fun failed(fault: Fault.Status, dialect: Dialect, script: Script): HttpResponse {
        val headers = headers(fault.status, MediaType.JSON, script)
        when (val form = fault.retryAfter) {
            null -> Unit
            is RetryAfter.Seconds -> headers.set(HttpHeaderNames.RETRY_AFTER, form.seconds.toString())
            is RetryAfter.Millis -> headers.set(retryAfterMillis, form.millis.toString())
            is RetryAfter.Date -> headers.set(HttpHeaderNames.RETRY_AFTER, httpDate(form.delay))
        }
        return HttpResponse.of(headers.build(), dialect.error(fault.status, "the mock was told to fail with ${fault.status}"))
    }

    private fun raw(fault: Fault.Raw, script: Script): HttpResponse =
        HttpResponse.of(headers(fault.status, MediaType.parse(fault.contentType), script).build(), HttpData.ofUtf8(fault.body))

    private fun played(content: Content, script: Script, framesMax: Int, ending: Ending): HttpResponse {
        val writer = HttpResponse.streaming()
        val streams = content is Content.Text && content.asked.stream
        writer.write(playedHeaders(content, script, streams))
        val pace = if (streams) nanosPerToken(script) else 0.0
        Playback(ctx.eventLoop().withoutContext(), writer, frames(content, streams), pace, framesMax, ending, ::hangUp)
            .start(if (streams) script.firstTokenDelay else Duration.ZERO)
        return writer
    }

    private fun playedHeaders(content: Content, script: Script, streams: Boolean): ResponseHeaders {
        if (streams) return headers(200, eventStream, script).set(HttpHeaderNames.CACHE_CONTROL, "no-cache").build()
        val (status, body) = whole(content)
        return headers(status, MediaType.JSON, script).contentLength(body.length().toLong()).build()
    }

    /** The events of a stream; an answer that is none comes in two halves so that it can break between them. */
    private fun frames(content: Content, streams: Boolean): Iterator<Frame> {
        if (streams && content is Content.Text) return content.dialect.frames(content.answer, content.asked).iterator()
        val bytes = whole(content).second.array()
        val half = bytes.size / 2
        return listOf(bytes.copyOfRange(0, half), bytes.copyOfRange(half, bytes.size)).map { Frame(HttpData.wrap(it), 0) }.iterator()
    }

    private fun whole(content: Content): Pair<Int, HttpData> =
        when (content) {
            is Content.Whole -> content.status to content.body
            is Content.Text -> 200 to content.dialect.whole(content.answer)
        }

    private fun headers(status: Int, type: MediaType, script: Script): ResponseHeadersBuilder =
        ResponseHeaders
            .builder(HttpStatus.valueOf(status))
            .contentType(type)
            .also { headers -> script.headers.forEach { (name, value) -> headers.set(name, value) } }

    private fun nanosPerToken(script: Script): Double = script.tokensPerSecond?.let { NANOS_PER_SECOND / it } ?: 0.0

    private fun httpDate(delay: Duration): String =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(clock.instant().plus(delay).atOffset(ZoneOffset.UTC))

    /** Breaks the connection with a TCP reset, which takes back what the other side has not read yet. */
    private fun reset() {
        channel()?.config()?.setOption(ChannelOption.SO_LINGER, 0)
        hangUp()
    }

    /** Ends the connection as the system does for a process that dies: what was sent still arrives. */
    private fun hangUp() {
        endedByUs = true
        channel()?.close()
    }

    private fun channel(): Channel? = ctx.log().ensureAvailable(RequestLogProperty.SESSION).channel()

    private fun after(delay: Duration, action: () -> Unit) {
        if (delay.isZero) action() else ctx.eventLoop().withoutContext().schedule(action, delay.toNanos(), TimeUnit.NANOSECONDS)
    }

    private companion object {
        const val NANOS_PER_SECOND = 1e9
        val retryAfterMillis: AsciiString = HttpHeaderNames.of("retry-after-ms")
        val eventStream: MediaType = MediaType.parse("text/event-stream; charset=utf-8")
    }
}
