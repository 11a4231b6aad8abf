package routercluster.kit

import java.io.ByteArrayOutputStream
import java.io.EOFException
import java.io.InputStream

/** The first line and the headers of an HTTP/1.1 message, headers in the order of arrival with their names in lower case. */
class Head(val line: String, val headers: List<Pair<String, String>>) {
    fun header(name: String): String? = headers.firstOrNull { it.first == name }?.second
}

/** Reads HTTP/1.1 messages from one end of a connection, as they are on the wire. */
class Wire(input: InputStream) {
    private val input = input.buffered()

    /** Whether something can be read without waiting. */
    val hasMore: Boolean get() = input.available() > 0

    /** The next message's head; null at the end of the connection. */
    fun head(): Head? {
        val first = line() ?: return null
        val headers =
            generateSequence { line()?.takeIf(String::isNotEmpty) }.map {
                it.substringBefore(':').lowercase() to it.substringAfter(':').trim()
            }
        return Head(first, headers.toList())
    }

    /**
     * The body that [head] announces by length or in chunks, else nothing.
     *
     * @throws EOFException where it breaks off
     */
    fun body(head: Head): ByteArray {
        val length = head.header("content-length")?.toInt()
        return when {
            length != null -> exactly(length)
            head.header("transfer-encoding") == "chunked" -> chunks()
            else -> ByteArray(0)
        }
    }

    /**
     * The next chunk of a chunked body; null after the last.
     *
     * @throws EOFException where the body breaks off
     */
    fun chunk(): ByteArray? {
        val size = line()?.toIntOrNull(HEX) ?: throw EOFException("the body broke off between chunks")
        val bytes = exactly(size)
        line()
        return bytes.takeIf { size > 0 }
    }

    /** Everything up to the end of the connection. */
    fun rest(): ByteArray = input.readAllBytes()

    private fun chunks(): ByteArray = ByteArrayOutputStream().also { out -> generateSequence(::chunk).forEach(out::write) }.toByteArray()

    private fun exactly(size: Int): ByteArray =
        input.readNBytes(size).also { if (it.size < size) throw EOFException("the body broke off after ${it.size} of $size bytes") }

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
        const val HEX = 16
    }
}
