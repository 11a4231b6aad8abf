package routercluster.policy.answer

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.core.JsonFactory

/** Bytes of a name or value kept; a longer one counts as absent. */
private const val CAPTURE_BYTES_MAX = 256

/** The bytes of one name or value, up to a bound. */
internal class Capture {
    private val bytes = ByteArray(CAPTURE_BYTES_MAX)
    private var length = 0
    private var isWhole = true

    fun clear() {
        length = 0
        isWhole = true
    }

    fun add(from: ByteArray, start: Int, end: Int) {
        val taken = minOf(end - start, bytes.size - length)
        from.copyInto(bytes, length, start, start + taken)
        length += taken
        if (taken < end - start) isWhole = false
    }

    fun holds(expected: ByteArray): Boolean = isWhole && length == expected.size && expected.indices.all { bytes[it] == expected[it] }

    /** As a JSON string's inside; null where it was cut or is not one. */
    fun string(): String? {
        if (!isWhole) return null
        val text = String(bytes, 0, length)
        return if ('\\' in text) unescaped(text) else text
    }

    /** As a whole number of 0 or more. */
    fun count(): Long? = string()?.toLongOrNull()?.takeIf { it >= 0 }

    private fun unescaped(text: String): String? =
        try {
            factory.createParser("\"$text\"").use { parser ->
                parser.nextToken()
                parser.text
            }
        } catch (_: JacksonException) {
            null
        }

    private companion object {
        val factory = JsonFactory()
    }
}
