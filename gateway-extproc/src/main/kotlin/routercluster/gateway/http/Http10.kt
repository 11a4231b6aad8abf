package routercluster.gateway.http

import io.netty.buffer.ByteBuf
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.ChannelOutboundHandlerAdapter
import io.netty.channel.ChannelPipeline
import io.netty.channel.ChannelPromise
import io.netty.handler.codec.http.HttpHeaderNames
import io.netty.handler.codec.http.HttpHeaderValues
import io.netty.handler.codec.http.HttpResponse
import io.netty.handler.codec.http.HttpVersion
import io.netty.handler.codec.http.LastHttpContent

/**
 * Makes a connection in clear text answer HTTP/1.0 in its own way. Armeria takes it for HTTP/1.1 and would send a stream in chunks, which
 * HTTP/1.0 does not know, and does not tell services which of the two was spoken.
 *
 * A connection is of the version of its first request. What looks for that leaves once it knows.
 */
internal fun answerHttp10(pipeline: ChannelPipeline) {
    pipeline.addFirst(FirstLine())
}

/** Reads the request line as it comes by; of its bytes it keeps the last eight. */
private class FirstLine : ChannelInboundHandlerAdapter() {
    private var lastBytes = 0L

    override fun channelRead(ctx: ChannelHandlerContext, msg: Any) {
        val isRead = msg is ByteBuf && readsTo(msg)
        if (isRead && lastBytes == HTTP_1_0) ctx.pipeline().addLast(Http10Answers())
        ctx.fireChannelRead(msg)
        if (isRead) ctx.pipeline().remove(this)
    }

    /** Whether the end of the line is in [bytes]; empty lines before it do not count. */
    private fun readsTo(bytes: ByteBuf): Boolean =
        bytes.forEachByte { byte ->
            when {
                byte == RETURN -> {
                    true
                }

                byte == NEWLINE -> {
                    lastBytes == 0L
                }

                else -> {
                    lastBytes = (lastBytes shl Byte.SIZE_BITS) or (byte.toLong() and 0xFF)
                    true
                }
            }
        } >= 0

    private companion object {
        const val RETURN = '\r'.code.toByte()
        const val NEWLINE = '\n'.code.toByte()
        val HTTP_1_0 = "HTTP/1.0".fold(0L) { bytes, char -> (bytes shl Byte.SIZE_BITS) or char.code.toLong() }
    }
}

/** Without a length, the end of the connection is the end of the answer; it closes after every answer, as HTTP/1.0 does unless asked. */
private class Http10Answers : ChannelOutboundHandlerAdapter() {
    override fun write(ctx: ChannelHandlerContext, msg: Any, promise: ChannelPromise) {
        if (msg is HttpResponse) {
            msg.setProtocolVersion(HttpVersion.HTTP_1_0)
            msg.headers().remove(HttpHeaderNames.TRANSFER_ENCODING).set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
        }
        // Later than now: whoever else waits for this write must hear of its success before the connection is gone.
        if (msg is LastHttpContent) promise.addListener { ctx.executor().execute { ctx.close() } }
        ctx.write(msg, promise)
    }
}
