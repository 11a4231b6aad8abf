package routercluster.dataplane

import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.InputStream
import java.net.Socket

/** An HTTP/1.1 connection written by hand, for requests that no client library would send. */
internal class RawHttp(port: Int) : Closeable {
    private val socket = Socket("127.0.0.1", port).apply { soTimeout = 10_000 }
    private val input: InputStream = socket.getInputStream().buffered()

    class Answer(val status: Int, val headers: Map<String, String>, val body: String, val version: String)

    fun send(bytes: ByteArray) {
        socket.getOutputStream().apply {
            write(bytes)
            flush()
        }
    }

    /** Reads one answer; null when the peer closed the connection instead. */
    fun read(): Answer? {
        val statusLine = line() ?: return null
        val headers = generateSequence { line()?.takeIf(String::isNotEmpty) }.associate { it.substringBefore(':').lowercase() to it.substringAfter(':').trim() }
        val length = headers["content-length"]?.toInt()
        val body =
            when {
                length != null -> input.readNBytes(length)
                headers["transfer-encoding"] == "chunked" -> chunks()
                else -> ByteArray(0)
            }
        return Answer(statusLine.split(' ')[1].toInt(), headers, body.decodeToString(), statusLine.substringBefore(' '))
    }

    override fun close() = socket.close()

    private fun chunks(): ByteArray {
        val out = ByteArrayOutputStream()
        while (true) {
            val size = line().orEmpty().toInt(16)
            out.write(input.readNBytes(size))
            line()
            if (size == 0) return out.toByteArray()
        }
    }

    private fun line(): String? {
        val out = ByteArrayOutputStream()
        while (true) {
            val byte = input.read()
            if (byte < 0) return if (out.size() == 0) null else out.toString(Charsets.ISO_8859_1)
            if (byte == '\n'.code) return out.toString(Charsets.ISO_8859_1).trimEnd('\r')
            out.write(byte)
        }
    }
}
