package routercluster.policy.answer

/**
 * Reads token usage and the like from an answer in OpenAI's or Anthropic's dialect while it passes by, whole or as server-sent
 * events, cut into chunks anywhere. It keeps no part of the answer but the few short values it looks for (under 1 KiB), so neither
 * events nor answers need a size limit. It believes the upstream: malformed JSON gives odd facts, never a failure.
 *
 * Mutable; for one answer and one thread at a time. Any way of cutting the same bytes gives the same facts.
 */
class UsageScanner(private val format: Format) {
    enum class Format {
        JSON,
        EVENT_STREAM,
        ;

        companion object {
            /** Told by a Content-Type header; whatever is no event stream is taken for JSON. */
            fun of(contentType: String?): Format =
                if (contentType?.substringBefore(';')?.trim().equals("text/event-stream", ignoreCase = true)) EVENT_STREAM else JSON
        }
    }

    private enum class Line { FIELD, DATA_START, DATA, IGNORED }

    private val json = AnswerScan()
    private var line = Line.FIELD
    private var fieldLength = 0
    private var doneLength = 0
    private var done = false
    private var afterReturn = false

    val facts: AnswerFacts get() = json.facts(done)

    /** Takes the next bytes of the answer, content encoding already undone. */
    fun feed(bytes: ByteArray, start: Int = 0, end: Int = bytes.size) {
        when (format) {
            Format.JSON -> json.feed(bytes, start, end)
            Format.EVENT_STREAM -> feedLines(bytes, start, end)
        }
    }

    private fun feedLines(bytes: ByteArray, start: Int, end: Int) {
        var at = start
        while (at < end) {
            val lineEnd = lineEnd(bytes, at, end)
            if (lineEnd > at) {
                feedLine(bytes, at, lineEnd)
                afterReturn = false
            }
            if (lineEnd < end) endLine(bytes[lineEnd])
            at = lineEnd + 1
        }
    }

    /** Lines end with CR, LF or both; the LF of both must not count as a blank line, which ends an event. */
    private fun endLine(terminator: Byte) {
        val secondHalf = afterReturn && terminator == NEWLINE
        afterReturn = terminator == RETURN
        if (secondHalf) return
        if (line == Line.FIELD && fieldLength == 0) json.reset()
        line = Line.FIELD
        fieldLength = 0
        doneLength = 0
    }

    /** Takes a part of a line, never empty. */
    private fun feedLine(bytes: ByteArray, start: Int, end: Int) {
        var at = start
        while (line == Line.FIELD && at < end) {
            if (bytes[at++] != DATA_FIELD[fieldLength++]) line = Line.IGNORED
            if (line == Line.FIELD && fieldLength == DATA_FIELD.size) line = Line.DATA_START
        }
        if (line == Line.DATA_START && at < end) {
            if (bytes[at] == SPACE) at++
            line = Line.DATA
        }
        if (line == Line.DATA) {
            watchForDone(bytes, at, end)
            json.feed(bytes, at, end)
        }
    }

    /** [doneLength] bytes of the mark have been seen from the start of the data; -1 once it cannot be the mark. */
    private fun watchForDone(bytes: ByteArray, start: Int, end: Int) {
        var at = start
        while (doneLength in DONE.indices && at < end) doneLength = if (bytes[at++] == DONE[doneLength]) doneLength + 1 else -1
        if (doneLength == DONE.size) done = true
    }

    private companion object {
        const val SPACE = ' '.code.toByte()
        val DONE = "[DONE]".toByteArray()
    }
}
