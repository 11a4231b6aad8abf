package routercluster.policy.request

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.core.io.JsonStringEncoder

/** One JSON value as it will stand in a body, in UTF-8. */
class RawJson private constructor(internal val bytes: ByteArray) {
    override fun toString(): String = String(bytes)

    companion object {
        fun of(text: String): RawJson = RawJson(quotedJson(text))

        fun of(number: Int): RawJson = RawJson(number.toString().toByteArray())

        fun of(truth: Boolean): RawJson = RawJson(truth.toString().toByteArray())

        /**
         * [json] as written, but for blanks around it: number formats, key order and escapes stay.
         *
         * @throws IllegalArgumentException where it is not exactly one strict JSON value
         */
        fun parsed(json: String): RawJson {
            val bytes = json.trim(' ', '\t', '\r', '\n').toByteArray()
            require(badByteAt(bytes) < 0 && isOneValue(bytes)) { "not one JSON value" }
            return RawJson(bytes)
        }

        private fun isOneValue(bytes: ByteArray): Boolean =
            JsonCursor(bytes).use { json ->
                try {
                    val found = json.next() != null
                    json.skip()
                    found && json.next() == null
                } catch (_: JacksonException) {
                    false
                }
            }
    }
}

/** [text] as a JSON string with its quotes. Half surrogate pairs, which UTF-8 cannot hold, become `?`. */
internal fun quotedJson(text: String): ByteArray = byteArrayOf(QUOTE) + escapedJson(text) + QUOTE

/** [text] as it stands between the quotes of a JSON string. */
internal fun escapedJson(text: String): ByteArray = JsonStringEncoder.getInstance().quoteAsUTF8(String(text.toByteArray()))

private const val QUOTE = '"'.code.toByte()
