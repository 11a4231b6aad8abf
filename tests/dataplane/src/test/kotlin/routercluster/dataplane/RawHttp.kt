package routercluster.dataplane

import routercluster.kit.Head
import routercluster.kit.Wire
import java.io.Closeable
import java.io.EOFException
import java.io.IOException
import java.net.Socket

/** An HTTP/1.1 connection written by hand, for requests that no client library would send and answers that break off. */
internal class RawHttp(port: Int) : Closeable {
    private val socket = Socket("127.0.0.1", port).apply { soTimeout = READ_MILLIS_MAX }
    private val wire = Wire(socket.getInputStream())
    private val pending = StringBuilder()

    class AnswerHead(val version: String, val status: Int, val headers: Map<String, String>)

    class Answer(val version: String, val status: Int, val headers: Map<String, String>, val body: String)

    /** A peer may answer and close before it has read everything: what it said is then for [read] to find. */
    fun send(bytes: ByteArray) {
        try {
            socket.getOutputStream().write(bytes)
        } catch (closed: IOException) {
            if (!wire.hasMore) throw closed
        }
    }

    fun send(text: String) = send(text.toByteArray())

    /** Reads one answer; null when the peer closed the connection instead. */
    fun read(): Answer? = message()?.let { (head, body) -> shown(head).run { Answer(version, status, headers, body.decodeToString()) } }

    /** Reads one answer as it is on the wire; null when the peer closed the connection instead. */
    fun message(): Pair<Head, ByteArray>? {
        val head = wire.head() ?: return null
        val toTheEnd = head.header("connection") == "close" && head.headers.none { it.first in framing }
        return head to if (toTheEnd) wire.rest() else wire.body(head)
    }

    /** Reads an answer's head, for a body that is read by [event]; null when the peer closed the connection instead. */
    fun head(): AnswerHead? = wire.head()?.let(::shown)

    private fun shown(head: Head): AnswerHead {
        val (version, status) = head.line.split(' ')
        return AnswerHead(version, status.toInt(), head.headers.toMap())
    }

    /**
     * The next server-sent event of a chunked answer as it was sent, without its blank line; null after the last.
     *
     * @throws EOFException where the answer breaks off
     */
    fun event(): String? {
        while (true) {
            val end = pending.indexOf(EVENT_END)
            if (end >= 0) {
                val bytes = pending.substring(0, end).toByteArray(Charsets.ISO_8859_1)
                pending.delete(0, end + EVENT_END.length)
                return bytes.decodeToString()
            }
            val more = wire.chunk()
            if (more == null) {
                check(pending.isEmpty()) { "the stream ended within an event: $pending" }
                return null
            }
            // ISO 8859-1 keeps bytes apart until the event is whole.
            pending.append(more.toString(Charsets.ISO_8859_1))
        }
    }

    override fun close() = socket.close()

    private companion object {
        const val READ_MILLIS_MAX = 20_000
        const val EVENT_END = "\n\n"
        val framing = setOf("content-length", "transfer-encoding")
    }
}
