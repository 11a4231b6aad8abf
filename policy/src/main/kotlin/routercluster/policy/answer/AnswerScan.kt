package routercluster.policy.answer

/** Finish reasons kept of one answer; OpenAI's API has at most 128 choices. */
private const val FINISH_REASONS_MAX = 128

private const val HUNDRED = 100

/**
 * Walks JSON byte by byte, as it comes, and keeps the values that [AnswerFacts] is made of. Only where it is inside the few
 * objects that matter does it look at names; everything else is passed over. [reset] begins the next document.
 */
internal class AnswerScan {
    private enum class State { BETWEEN, STRING, LITERAL }

    private var state = State.BETWEEN
    private var depth = 0
    private val places = Array(Place.LEVELS + 1) { Place.OTHER }
    private var place = Place.OTHER
    private var nameExpected = false
    private var key: Key? = null
    private var escaped = false
    private val capture = Capture()

    private val count = UsageCount()
    private val words = TextTally()

    /** The same under two names, of which some servers send both. */
    private val reasoning = TextTally()
    private val reasoningContent = TextTally()

    private var usage: Usage? = null
    private var opening: Usage? = null
    private var model: String? = null
    private var error = false
    private val finishReasons = ArrayList<String>(1)

    fun facts(done: Boolean) = AnswerFacts(usage, opening, textTokens(), model, done, error, finishReasons.toList())

    private fun textTokens(): Long = (words.sum + maxOf(reasoning.sum, reasoningContent.sum) + HUNDRED / 2) / HUNDRED

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
        val isObject = bracket == '{'
        val inner = if (depth > 0) {
            place.inner(key, isObject)
        } else if (isObject) {
            Place.ROOT
        } else {
            Place.OTHER
        }
        if (inner == Place.USAGE || inner == Place.OPENING_USAGE) count.clear()
        depth++
        if (depth <= Place.LEVELS) places[depth] = inner
        place = inner
        startMember()
    }

    private fun close() {
        if (depth == 0) return
        if (place == Place.USAGE) usage = count.usage(opening)
        if (place == Place.OPENING_USAGE) opening = count.usage(null)
        depth--
        place = if (depth in 1..Place.LEVELS) places[depth] else Place.OTHER
        nameExpected = false
        key = null
    }

    private fun string(bytes: ByteArray, start: Int, end: Int): Int {
        var at = start
        while (at < end) {
            val byte = bytes[at]
            if (escaped) {
                escaped = false
            } else if (byte == QUOTE) {
                break
            } else if (byte == BACKSLASH) {
                escaped = true
            }
            at++
        }
        keep(bytes, start, at)
        if (at == end) return at
        state = State.BETWEEN
        endString()
        return at + 1
    }

    private fun keep(bytes: ByteArray, start: Int, end: Int) {
        val isCaptured = nameExpected || key == Key.MODEL || key == Key.FINISH_REASON || key == Key.STOP_REASON
        if (isCaptured) capture.add(bytes, start, end) else tally()?.add(bytes, start, end)
    }

    /** Where the string at hand counts; null where it is no text of the model's. */
    private fun tally(): TextTally? =
        when (key) {
            Key.CONTENT, Key.TEXT, Key.REFUSAL, Key.THINKING, Key.ARGUMENTS, Key.PARTIAL_JSON, Key.DELTA -> words
            Key.REASONING -> reasoning
            Key.REASONING_CONTENT -> reasoningContent
            else -> null
        }

    private fun endString() {
        if (nameExpected) {
            nameExpected = false
            key = place.keys.firstOrNull { capture.holds(it.bytes) }
            return
        }
        when (key) {
            Key.MODEL -> model = model ?: capture.string()?.ifEmpty { null }
            Key.FINISH_REASON, Key.STOP_REASON -> if (finishReasons.size < FINISH_REASONS_MAX) capture.string()?.let(finishReasons::add)
            Key.ERROR -> error = true
            else -> Unit
        }
        key = null
    }

    private fun literal(bytes: ByteArray, start: Int, end: Int): Int {
        var at = start
        while (at < end && !endsLiteral(bytes[at])) at++
        capture.add(bytes, start, at)
        if (at == end) return at
        state = State.BETWEEN
        key?.let { count.note(it, capture.count()) }
        key = null
        return at
    }

    private fun endsLiteral(byte: Byte): Boolean =
        when (byte.toInt().toChar()) {
            ',', '}', ']', ' ', '\t', '\r', '\n' -> true
            else -> false
        }

    private companion object {
        const val QUOTE = '"'.code.toByte()
        const val BACKSLASH = '\\'.code.toByte()
    }
}
