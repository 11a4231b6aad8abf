package routercluster.policy.cache

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonParser
import com.fasterxml.jackson.core.JsonToken
import com.fasterxml.jackson.core.StreamReadConstraints
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Role
import java.math.BigDecimal
import java.security.MessageDigest
import java.util.HexFormat

/**
 * Digests of what must be equal for an answer to serve again, each 64 hex digits of SHA-256. They hold for the meaning of a body: order of
 * members, blanks, escapes and ways to write a number make no difference.
 *
 * @property whole of all that can change an answer
 * @property around as [whole], but for the text of the last message where that is a user's; null where it is not, or has more than text
 */
class RequestDigest(val whole: String, val around: String?) {
    companion object {
        /**
         * Fields that cannot change what is answered, or that the answer is shaped by afterwards: whose request it is, how it is billed
         * and stored, whether it streams. The model is left out, too: which one answers is the policy's choice.
         */
        private val ignored = setOf(
            "model",
            "stream",
            "stream_options",
            "user",
            "metadata",
            "store",
            "service_tier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "safety_identifier",
        )

        fun of(body: ChatBody): RequestDigest {
            val fields = body.fields.filterKeys { it !in ignored && it != MESSAGES }.toSortedMap()
            val messages = body.messageSpans.map { Reading(body.bytes, it.start, it.end).use { reading -> reading.digest() } }
            val outside = sha(
                fields.flatMap { (name, span) ->
                    listOf(name.toByteArray(), Reading(body.bytes, span.start, span.end).use { it.digest() })
                },
            )
            val last = body.messages.last()
            val isPlain = last.role == Role.USER && last.imageCount == 0 && last.text.isNotBlank() && isText(body)
            return RequestDigest(
                hex(sha(listOf(outside) + messages)),
                if (isPlain) hex(sha(listOf(outside, AROUND) + messages.dropLast(1))) else null,
            )
        }

        /** Whether the last message is nothing but a role and a text: a name, a file or audio are no text that could be like another. */
        private fun isText(body: ChatBody): Boolean {
            val span = body.messageSpans.last()
            Reading(body.bytes, span.start, span.end).use { return it.isRoleAndText() }
        }

        private fun hex(bytes: ByteArray): String = HexFormat.of().formatHex(bytes)

        private fun sha(parts: List<ByteArray>): ByteArray {
            val digest = MessageDigest.getInstance("SHA-256")
            for (part in parts) {
                digest.update(part.size.toString().toByteArray())
                digest.update(':'.code.toByte())
                digest.update(part)
            }
            return digest.digest()
        }

        private const val MESSAGES = "messages"
        private val AROUND = "the last message's text".toByteArray()
    }

    /** One JSON value at a place in a body that was checked when it was parsed. */
    private class Reading(bytes: ByteArray, start: Int, end: Int) : AutoCloseable {
        private val parser: JsonParser = factory.createParser(bytes, start, end - start)

        fun digest(): ByteArray {
            parser.nextToken()
            return value()
        }

        fun isRoleAndText(): Boolean {
            parser.nextToken()
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                val name = parser.currentName()
                val token = parser.nextToken()
                if (name != "role" && name != "content") return false
                if (token == JsonToken.START_ARRAY) return false
            }
            return true
        }

        private fun value(): ByteArray =
            when (parser.currentToken()) {
                JsonToken.START_OBJECT -> sha(listOf(OBJECT) + members())
                JsonToken.START_ARRAY -> sha(listOf(ARRAY) + elements())
                JsonToken.VALUE_STRING -> sha(listOf(STRING, parser.text.toByteArray()))
                JsonToken.VALUE_NUMBER_INT, JsonToken.VALUE_NUMBER_FLOAT -> sha(listOf(NUMBER, number(parser.text).toByteArray()))
                else -> sha(listOf(WORD, parser.text.toByteArray()))
            }

        private fun members(): List<ByteArray> {
            val members = java.util.TreeMap<String, ByteArray>()
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                val name = parser.currentName()
                parser.nextToken()
                members[name] = value()
            }
            return members.flatMap { (name, digest) -> listOf(name.toByteArray(), digest) }
        }

        private fun elements(): List<ByteArray> {
            val elements = ArrayList<ByteArray>()
            while (parser.nextToken() != JsonToken.END_ARRAY) elements += value()
            return elements
        }

        override fun close() = parser.close()

        private companion object {
            val OBJECT = "{".toByteArray()
            val ARRAY = "[".toByteArray()
            val STRING = "\"".toByteArray()
            val NUMBER = "0".toByteArray()
            val WORD = "w".toByteArray()

            /** A number is its value; one whose exponent is beyond reason stays as it was written. */
            fun number(text: String): String {
                val value = BigDecimal(text)
                return if (value.scale() in -SCALE_MAX..SCALE_MAX) value.stripTrailingZeros().toPlainString() else text
            }

            const val SCALE_MAX = 400

            // Depth and length were bounded when the body was parsed.
            val factory: JsonFactory = JsonFactory
                .builder()
                .streamReadConstraints(
                    StreamReadConstraints
                        .builder()
                        .maxNestingDepth(
                            Int.MAX_VALUE,
                        ).maxStringLength(Int.MAX_VALUE)
                        .maxNumberLength(Int.MAX_VALUE)
                        .build(),
                ).build()
        }
    }
}
