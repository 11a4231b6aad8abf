package routercluster.policy.request

import com.fasterxml.jackson.core.JacksonException
import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonToken
import com.fasterxml.jackson.core.StreamReadConstraints
import com.fasterxml.jackson.core.StreamReadFeature
import com.fasterxml.jackson.core.exc.StreamConstraintsException
import com.fasterxml.jackson.core.io.JsonEOFException
import routercluster.policy.Limits

private const val NAME_LENGTH_MAX = 4_096
private const val NUMBER_LENGTH_MAX = 1_000

/** Keys of all objects of a body together: the duplicate check remembers them, so they are bounded. */
private const val KEYS_MAX = 100_000

private const val CONTROL_MAX = 0x1F

// Depth is bounded by the cursor, whose bound comes from the policy; a string is never longer than the body, which is bounded too.
private val factory: JsonFactory =
    JsonFactory
        .builder()
        .streamReadConstraints(
            StreamReadConstraints
                .builder()
                .maxNestingDepth(Int.MAX_VALUE)
                .maxStringLength(Int.MAX_VALUE)
                .maxNameLength(NAME_LENGTH_MAX)
                .maxNumberLength(NUMBER_LENGTH_MAX)
                .build(),
        ).enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .build()

/**
 * Where an object's members are, by name and in order.
 *
 * @property values the values alone
 * @property members name to value, without commas
 */
internal class ObjectSpans(val values: Map<String, Span>, val members: Map<String, Span>)

/**
 * One pass over the JSON text at [start] until [end] of [bytes], token by token, with places in bytes. Nothing is decoded but
 * what is asked for. For one thread.
 */
internal class JsonCursor(
    private val bytes: ByteArray,
    private val start: Int = 0,
    private val end: Int = bytes.size,
    private val depthMax: Int = Int.MAX_VALUE,
) : AutoCloseable {
    private val parser = factory.createParser(bytes, start, end - start)
    private var depth = 0
    private var keyCount = 0

    /** The token that the cursor is on; null before the first and after the last. */
    var token: JsonToken? = null
        private set

    /** Offset of the first byte of the token. */
    val tokenStart: Int get() = start + parser.currentTokenLocation().byteOffset.toInt()

    /** Offset after the last byte of the token. */
    val tokenEnd: Int
        get() = if (token == JsonToken.VALUE_STRING) stringEnd(tokenStart) else start + parser.currentLocation().byteOffset.toInt()

    /** Name of a member, escapes resolved; valid on its name and on its value. */
    val name: String get() = parser.currentName()

    /** Text of a string token, escapes resolved. */
    val text: String get() = parser.text

    fun next(): JsonToken? {
        val read = parser.nextToken()
        when (read) {
            JsonToken.START_OBJECT, JsonToken.START_ARRAY -> if (++depth > depthMax) throw tooDeep(depthMax)
            JsonToken.END_OBJECT, JsonToken.END_ARRAY -> depth--
            JsonToken.FIELD_NAME -> if (++keyCount > KEYS_MAX) throw tooManyKeys(KEYS_MAX)
            else -> Unit
        }
        token = read
        return read
    }

    /** Goes to the last token of the value that the cursor is on. */
    fun skip() {
        if (token != JsonToken.START_OBJECT && token != JsonToken.START_ARRAY) return
        val outside = depth - 1
        while (depth > outside) next()
    }

    /** On `{`: calls [read] with each member's name and the cursor on its value; what [read] leaves of the value is skipped. */
    inline fun eachMember(read: (name: String) -> Unit) {
        while (next() == JsonToken.FIELD_NAME) {
            val name = name
            next()
            read(name)
            skip()
        }
    }

    /** As [eachMember], and tells where the members are. */
    inline fun members(read: (name: String) -> Unit): ObjectSpans {
        val values = LinkedHashMap<String, Span>()
        val members = LinkedHashMap<String, Span>()
        while (next() == JsonToken.FIELD_NAME) {
            val name = name
            val memberStart = tokenStart
            next()
            val valueStart = tokenStart
            read(name)
            skip()
            val memberEnd = tokenEnd
            values[name] = Span(valueStart, memberEnd)
            members[name] = Span(memberStart, memberEnd)
        }
        return ObjectSpans(values, members)
    }

    /** On `[`: calls [read] with the cursor on each element; what [read] leaves of it is skipped. */
    inline fun eachElement(read: () -> Unit) {
        while (next() != JsonToken.END_ARRAY) {
            read()
            skip()
        }
    }

    /** What to tell the client about [failure], which came from this cursor. */
    fun refusal(failure: JacksonException): BadRequest {
        val at = (start + (failure.location ?: parser.currentLocation()).byteOffset.toInt()).coerceIn(start, end)
        return when {
            failure is JsonEOFException -> invalidJson("it ends too early", end)

            failure is StreamConstraintsException -> invalidJson("a name or a number is too long", at)

            // The parser has no type for this one; a test watches the words.
            failure.originalMessage.startsWith("Duplicate field") -> duplicateKey(at)

            at < end && bytes[at] in 0..CONTROL_MAX -> invalidJson("unescaped control character", at)

            else -> invalidJson("unexpected input", at)
        }
    }

    override fun close() = parser.close()

    /** The parser would have to decode the string to tell its end, and strings can be megabytes of images. */
    private fun stringEnd(quote: Int): Int {
        var at = quote + 1
        while (at < end && bytes[at] != QUOTE) at += if (bytes[at] == BACKSLASH) 2 else 1
        return minOf(at + 1, end)
    }

    private companion object {
        const val QUOTE = '"'.code.toByte()
        const val BACKSLASH = '\\'.code.toByte()
    }
}

/**
 * Reads [bytes] as one JSON object with nothing before or after it. [read] is called with the cursor on the `{` and must go to
 * the matching `}`.
 *
 * @throws BadRequest where it is anything else
 */
internal fun <T> readObject(bytes: ByteArray, limits: Limits, read: (JsonCursor) -> T): T {
    if (bytes.size > limits.bodyBytesMax) throw bodyTooLarge(limits.bodyBytesMax)
    checkEncoding(bytes)
    return JsonCursor(bytes, depthMax = limits.jsonDepthMax).use { json ->
        try {
            val first = json.next() ?: throw invalidJson("it is empty")
            if (first != JsonToken.START_OBJECT) throw invalidType(null, "a JSON object")
            val result = read(json)
            if (json.next() != null) throw invalidJson("something follows its end", json.tokenStart)
            result
        } catch (failure: JacksonException) {
            throw json.refusal(failure)
        }
    }
}

/**
 * Checks that [bytes] are one strict JSON object in UTF-8 within [limits], for whoever then reads them as a tree.
 *
 * @throws BadRequest where they are anything else, with the codes of [parseChat]
 */
fun checkObject(bytes: ByteArray, limits: Limits) = readObject(bytes, limits) { it.skip() }

/** Once this has passed, the parser can take the bytes for nothing but UTF-8: its guesses at other encodings need NUL bytes or marks. */
private fun checkEncoding(bytes: ByteArray) {
    val bad = badByteAt(bytes)
    if (bad >= 0 && bytes[bad].toInt() == 0) throw invalidJson("NUL byte", bad)
    if (bad >= 0) throw invalidUtf8(bad)
    if (bytes.size >= BYTE_ORDER_MARK.size && BYTE_ORDER_MARK.indices.all { bytes[it] == BYTE_ORDER_MARK[it] }) {
        throw invalidJson("it begins with a byte order mark, which JSON forbids")
    }
}

private val BYTE_ORDER_MARK = byteArrayOf(0xEF.toByte(), 0xBB.toByte(), 0xBF.toByte())
