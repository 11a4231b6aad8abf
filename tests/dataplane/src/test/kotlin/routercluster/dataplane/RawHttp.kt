package routercluster.dataplane

import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.EOFException
import java.io.IOException
import java.io.InputStream
import java.net.Socket

/** An HTTP/1.1 connection written by hand, for requests that no client library would send and answers that break off. */
internal class RawHttp(port: Int) : Closeable {
    private val socket = Socket("127.0.0.1", port).apply { soTimeout = READ_MILLIS_MAX }
    private val input: InputStream = socket.getInputStream().buffered()
    private val pending = StringBuilder()

    class Head(val version: String, val status: Int, val headers: Map<String, String>)

    class Answer(val version: String, val status: Int, val headers: Map<String, String>, val body: String)

    /** A peer may answer and close before it has read everything: what it said is then for [read] to find. */
    fun send(bytes: ByteArray) {
        try {
            socket.getOutputStream().write(bytes)
        } catch (closed: IOException) {
            if (input.available() == 0) throw closed
        }
    }

    fun send(text: String) = send(text.toByteArray())

    /** Reads one answer; null when the peer closed the connection instead. */
    fun read(): Answer? {
        val head = head() ?: return null
        val length = head.headers["content-length"]?.toInt()
        val body =
            when {
                length != null -> exactly(length)
                head.headers["transfer-encoding"] == "chunked" -> chunks()
                head.headers["connection"] == "close" -> input.readAllBytes()
                else -> ByteArray(0)
            }
        return Answer(head.version, head.status, head.headers, body.decodeToString())
    }

    /** Reads an answer's head, for a body that is read by [event]; null when the peer closed the connection instead. */
    fun head(): Head? {
        val status = line() ?: return null
        val headers =
            generateSequence { line()?.takeIf(String::isNotEmpty) }.associate {
                it.substringBefore(':').lowercase() to it.substringAfter(':').trim()
            }
        return Head(status.substringBefore(' '), status.split(' ')[1].toInt(), headers)
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
            val more = chunk()
            if (more == null) {
                check(pending.isEmpty()) { "the stream ended within an event: $pending" }
                return null
            }
            // ISO 8859-1 keeps bytes apart until the event is whole.
            pending.append(more.toString(Charsets.ISO_8859_1))
        }
    }

    override fun close() = socket.close()

    private fun chunks(): ByteArray = ByteArrayOutputStream().also { out -> generateSequence(::chunk).forEach(out::write) }.toByteArray()

    /** Null after the last one. */
    private fun chunk(): ByteArray? {
        val size = line()?.toIntOrNull(HEX) ?: throw EOFException("the answer broke off between chunks")
        val bytes = exactly(size)
        line()
        return bytes.takeIf { size > 0 }
    }

    private fun exactly(size: Int): ByteArray =
        input.readNBytes(size).also { if (it.size < size) throw EOFException("the answer broke off after ${it.size} of $size bytes") }

    private fun line(): String? {
        val out = ByteArrayOutputStream()
        while (true) {
            val byte = input.read()
            if (byte < 0) return if (out.size() == 0) null else out.toString(Charsets.ISO_8859_1)
            if (byte == '\n'.code) return out.toString(Charsets.ISO_8859_1).trimEnd('\r')
            out.write(byte)
        }
    }

    private companion object {
        const val READ_MILLIS_MAX = 20_000
        const val HEX = 16
        const val EVENT_END = "\n\n"
    }
}
