package routercluster.policy.cache

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonParser
import com.fasterxml.jackson.core.JsonToken
import com.fasterxml.jackson.core.StreamReadConstraints
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Role
import routercluster.policy.request.Span
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
            val messages = body.messageSpans.map { digest(body, it) }
            val outside = outside(body)
            return RequestDigest(
                hex(sha(listOf(outside) + messages)),
                if (isPlain(body)) hex(sha(listOf(outside, AROUND) + messages.dropLast(1))) else null,
            )
        }

        /** The conversation of [body] where another may be similar; null where its last message is like no other, and where it is too long. */
        fun earlier(body: ChatBody): EarlierTurns? {
            val before = body.messages.indices
                .toList()
                .dropLast(1)
            val turns = before.filter { isTurn(body, it) }
            if (!isPlain(body) || turns.sumOf { body.messages[it].text.length + 1 } > Wording.LENGTH_MAX) return null
            val messages = before.map { place ->
                if (place in
                    turns
                ) {
                    sha(
                        listOf(
                            TURN,
                            body.messages[place]
                                .role.name
                                .toByteArray(),
                        ),
                    )
                } else {
                    digest(body, body.messageSpans[place])
                }
            }
            val frame = hex(sha(listOf(outside(body), FRAME) + messages))
            return EarlierTurns(frame, turns.joinToString("\n") { body.messages[it].text })
        }

        private fun outside(body: ChatBody): ByteArray {
            val fields = body.fields.filterKeys { it !in ignored && it != MESSAGES }.toSortedMap()
            return sha(fields.flatMap { (name, span) -> listOf(name.toByteArray(), digest(body, span)) })
        }

        private fun digest(body: ChatBody, span: Span): ByteArray =
            Reading(body.bytes, span.start, span.end).use { it.digest() }

        private fun isPlain(body: ChatBody) = body.messages.last().role == Role.USER && isText(body, body.messages.lastIndex)

        private fun isTurn(body: ChatBody, place: Int) =
            body.messages[place].role.let { it == Role.USER || it == Role.ASSISTANT } && isText(body, place)

        /** Whether a message is nothing but a role and a text: a name, a file or audio are no text that could be like another. */
        private fun isText(body: ChatBody, place: Int): Boolean {
            val message = body.messages[place]
            if (message.imageCount != 0 || message.text.isBlank()) return false
            val span = body.messageSpans[place]
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
        private val FRAME = "the texts of all turns".toByteArray()
        private val TURN = "a turn's text".toByteArray()
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
