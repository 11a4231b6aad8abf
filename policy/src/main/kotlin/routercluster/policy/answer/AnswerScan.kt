package routercluster.policy.answer

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.core.JsonFactory

/** Finish reasons kept of one answer; OpenAI's API has at most 128 choices. */
private const val FINISH_REASONS_MAX = 128

/** Bytes of a name or value kept; a longer one counts as absent. */
private const val CAPTURE_BYTES_MAX = 256

/** Nesting at which nothing looked for can stand any more: usage details and the fields of a choice are at level 3. */
private const val LEVELS = 3

/**
 * Walks JSON byte by byte, as it comes, and keeps the values that [AnswerFacts] is made of. Only where it is inside the few
 * objects that matter does it look at names; everything else is passed over. [reset] begins the next document.
 */
internal class AnswerScan {
    private enum class State { BETWEEN, STRING, LITERAL }

    /** Kinds of containers, with the names that matter in each. */
    private enum class Place(vararg val keys: Key) {
        OTHER,
        CHOICES,
        ROOT(Key.MODEL, Key.USAGE, Key.CHOICES, Key.ERROR),
        USAGE(Key.PROMPT_TOKENS, Key.COMPLETION_TOKENS, Key.PROMPT_TOKENS_DETAILS),
        USAGE_DETAILS(Key.CACHED_TOKENS),
        CHOICE(Key.FINISH_REASON),
    }

    private enum class Key {
        MODEL,
        USAGE,
        CHOICES,
        ERROR,
        PROMPT_TOKENS,
        COMPLETION_TOKENS,
        PROMPT_TOKENS_DETAILS,
        CACHED_TOKENS,
        FINISH_REASON,
        ;

        val bytes = name.lowercase().toByteArray()
    }

    private var state = State.BETWEEN
    private var depth = 0
    private val places = Array(LEVELS + 1) { Place.OTHER }
    private var place = Place.OTHER
    private var nameExpected = false
    private var key: Key? = null
    private var escaped = false
    private val capture = Capture()

    private var promptTokens = 0L
    private var completionTokens = 0L
    private var cachedTokens: Long? = null

    private var usage: Usage? = null
    private var model: String? = null
    private var error = false
    private val finishReasons = ArrayList<String>(1)

    fun facts(done: Boolean) = AnswerFacts(usage, model, done, error, finishReasons.toList())

    fun reset() {
        state = State.BETWEEN
        depth = 0
        place = Place.OTHER
        nameExpected = false
        key = null
        escaped = false
    }

    fun feed(bytes: ByteArray, start: Int, end: Int) {
        var at = start
        while (at < end) {
            at =
                when (state) {
                    State.BETWEEN -> between(bytes, at)
                    State.STRING -> string(bytes, at, end)
                    State.LITERAL -> literal(bytes, at, end)
                }
        }
    }

    private fun between(bytes: ByteArray, at: Int): Int {
        when (val byte = bytes[at].toInt().toChar()) {
            '{', '[' -> open(byte)
            '}', ']' -> close()
            ',' -> startMember()
            ':', ' ', '\t', '\r', '\n' -> Unit
            '"' -> startValue(State.STRING)
            else -> startValue(State.LITERAL)
        }
        // A string begins after its quote, a number or word with the very byte that shows it.
        return if (state == State.LITERAL) at else at + 1
    }

    private fun startValue(kind: State) {
        state = kind
        capture.clear()
    }

    private fun startMember() {
        nameExpected = place.keys.isNotEmpty()
        key = null
    }

    private fun open(bracket: Char) {
        if (place == Place.ROOT && key == Key.ERROR) error = true
        val inner = innerPlace(bracket == '{')
        if (inner == Place.USAGE) {
            promptTokens = 0
            completionTokens = 0
            cachedTokens = null
        }
        depth++
        if (depth <= LEVELS) places[depth] = inner
        place = inner
        startMember()
    }

    private fun innerPlace(isObject: Boolean): Place =
        when {
            depth == 0 && isObject -> Place.ROOT
            place == Place.CHOICES && isObject -> Place.CHOICE
            key == Key.CHOICES && !isObject -> Place.CHOICES
            key == Key.USAGE && isObject -> Place.USAGE
            key == Key.PROMPT_TOKENS_DETAILS && isObject -> Place.USAGE_DETAILS
            else -> Place.OTHER
        }

    private fun close() {
        if (depth == 0) return
        if (place == Place.USAGE) usage = Usage(promptTokens, completionTokens, cachedTokens)
        depth--
        place = if (depth in 1..LEVELS) places[depth] else Place.OTHER
        nameExpected = false
        key = null
    }

    private fun string(bytes: ByteArray, start: Int, end: Int): Int {
        val wanted = nameExpected || key == Key.MODEL || key == Key.FINISH_REASON
        var at = start
        while (at < end) {
            val byte = bytes[at]
            if (escaped) {
                escaped = false
            } else if (byte == QUOTE) {
                state = State.BETWEEN
                endString()
                return at + 1
            } else if (byte == BACKSLASH) {
                escaped = true
            }
            if (wanted) capture.add(byte)
            at++
        }
        return at
    }

    private fun endString() {
        if (nameExpected) {
            nameExpected = false
            key = place.keys.firstOrNull { capture.holds(it.bytes) }
            return
        }
        when (key) {
            Key.MODEL -> model = model ?: capture.string()?.ifEmpty { null }
            Key.FINISH_REASON -> if (finishReasons.size < FINISH_REASONS_MAX) capture.string()?.let(finishReasons::add)
            Key.ERROR -> error = true
            else -> Unit
        }
        key = null
    }

    private fun literal(bytes: ByteArray, start: Int, end: Int): Int {
        var at = start
        while (at < end) {
            when (bytes[at].toInt().toChar()) {
                ',', '}', ']', ' ', '\t', '\r', '\n' -> {
                    state = State.BETWEEN
                    endLiteral()
                    return at
                }

                else -> {
                    capture.add(bytes[at])
                }
            }
            at++
        }
        return at
    }

    private fun endLiteral() {
        when (key) {
            Key.PROMPT_TOKENS -> capture.count()?.let { promptTokens = it }
            Key.COMPLETION_TOKENS -> capture.count()?.let { completionTokens = it }
            Key.CACHED_TOKENS -> cachedTokens = capture.count()
            else -> Unit
        }
        key = null
    }

    private companion object {
        const val QUOTE = '"'.code.toByte()
        const val BACKSLASH = '\\'.code.toByte()
    }
}

/** The bytes of one name or value, up to a bound. */
private class Capture {
    private val bytes = ByteArray(CAPTURE_BYTES_MAX)
    private var length = 0

    fun clear() {
        length = 0
    }

    fun add(byte: Byte) {
        if (length < bytes.size) bytes[length] = byte
        if (length <= bytes.size) length++
    }

    fun holds(expected: ByteArray): Boolean = length == expected.size && expected.indices.all { bytes[it] == expected[it] }

    /** As a JSON string's inside; null where it was cut or is not one. */
    fun string(): String? {
        if (length > bytes.size) return null
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
