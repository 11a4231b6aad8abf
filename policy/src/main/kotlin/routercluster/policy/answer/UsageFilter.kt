package routercluster.policy.answer

import com.fasterxml.jackson.core.JsonToken
import routercluster.policy.request.JsonCursor
import routercluster.policy.request.ObjectSpans
import routercluster.policy.request.elementCount
import routercluster.policy.request.memberPatches
import routercluster.policy.request.splice
import java.io.ByteArrayOutputStream
import java.io.IOException

/**
 * Takes out of a chat completions stream what is there only because usage was asked for: the chunk that holds nothing else, and
 * `"usage":null` in the others. All other bytes pass as they came, malformed ones included, however they are cut.
 *
 * It looks at a stream line by line, and holds back no more than one unfinished line that may be such a chunk; a line of more than
 * [LINE_BYTES_MAX] bytes passes unlooked at. Usage that comes together with choices passes, since servers that send it so send it
 * unasked.
 *
 * Mutable; for one answer and one thread at a time.
 */
class UsageFilter {
    private enum class Line { START, HELD, PASSING }

    private var line = Line.START
    private val held = ByteArrayOutputStream(0)

    /** What became of the lines of the event at hand. Its blank line goes only where nothing of it has passed. */
    private var somePassed = false
    private var someTaken = false

    /** The last byte was a CR; a LF that follows is its second half and shares its fate. */
    private var afterReturn = false
    private var returnPassed = true

    /** What goes on of the answer's next [bytes]; the same array where that is all of them. */
    fun pass(bytes: ByteArray): ByteArray {
        if (bytes.isEmpty()) return bytes
        val passage = Passage(bytes)
        var at = secondHalf(passage, bytes)
        while (at < bytes.size) {
            val end = lineEnd(bytes, at, bytes.size)
            at = if (end < bytes.size) finished(passage, bytes, at, end) else unfinished(passage, bytes, at)
        }
        return passage.result()
    }

    /** What was held back of an answer that has ended. */
    fun rest(): ByteArray = taken()

    private fun secondHalf(passage: Passage, bytes: ByteArray): Int {
        val isHalf = afterReturn && bytes[0] == NEWLINE
        afterReturn = false
        if (isHalf && !returnPassed) passage.replace(0, 1, null)
        return if (isHalf) 1 else 0
    }

    private fun unfinished(passage: Passage, bytes: ByteArray, start: Int): Int {
        val fits = held.size() + bytes.size - start <= LINE_BYTES_MAX
        if (line != Line.PASSING && fits && mayBeData(bytes, start)) {
            line = Line.HELD
            held.write(bytes, start, bytes.size - start)
            passage.replace(start, bytes.size, null)
        } else {
            line = Line.PASSING
            if (held.size() > 0) passage.replace(start, start, taken())
        }
        return bytes.size
    }

    private fun finished(passage: Passage, bytes: ByteArray, start: Int, end: Int): Int {
        val isBlank = line == Line.START && end == start
        val passes = if (isBlank) somePassed || !someTaken else linePasses(passage, bytes, start, end)
        somePassed = !isBlank && (somePassed || passes)
        someTaken = !isBlank && (someTaken || !passes)
        line = Line.START

        val isReturn = bytes[end] == RETURN
        val next = if (isReturn && end + 1 < bytes.size && bytes[end + 1] == NEWLINE) end + 2 else end + 1
        if (!passes) passage.replace(end, next, null)
        afterReturn = isReturn && end + 1 == bytes.size
        returnPassed = passes
        return next
    }

    private fun linePasses(passage: Passage, bytes: ByteArray, start: Int, end: Int): Boolean {
        if (line == Line.PASSING) return true
        val tooLong = held.size() + end - start > LINE_BYTES_MAX
        if (line == Line.START && (tooLong || !mentionsUsage(bytes, start, end))) return true
        val whole = taken() + bytes.copyOfRange(start, end)
        val left = if (tooLong) whole else withoutUsage(whole)
        if (line == Line.START && left === whole) return true
        passage.replace(start, end, left)
        return left != null
    }

    /** Whether the line whose bytes so far are those [held] and those from [start] on can still be one of data. */
    private fun mayBeData(bytes: ByteArray, start: Int): Boolean {
        val before = held.size()
        return (before until minOf(DATA_FIELD.size, before + bytes.size - start)).all { bytes[start + it - before] == DATA_FIELD[it] }
    }

    private fun taken(): ByteArray = held.toByteArray().also { held.reset() }

    companion object {
        const val LINE_BYTES_MAX = 64 * 1024
    }
}

private val USAGE = "\"usage\"".toByteArray()
private const val BLANK = ' '.code.toByte()

private fun mentionsUsage(bytes: ByteArray, start: Int, end: Int): Boolean {
    if (!isAt(bytes, start, end, DATA_FIELD)) return false
    for (at in start + DATA_FIELD.size..end - USAGE.size) if (isAt(bytes, at, end, USAGE)) return true
    return false
}

private fun isAt(bytes: ByteArray, at: Int, end: Int, expected: ByteArray): Boolean {
    if (end - at < expected.size) return false
    for (i in expected.indices) if (bytes[at + i] != expected[i]) return false
    return true
}

/** [line] without the usage that it holds; null where that is all that it is there for, the same array where it holds none. */
private fun withoutUsage(line: ByteArray): ByteArray? {
    if (!mentionsUsage(line, 0, line.size)) return line
    val chunk = chunkIn(line) ?: return line
    return when {
        chunk.usage == JsonToken.START_OBJECT && chunk.choiceCount == 0 -> null
        chunk.usage == JsonToken.VALUE_NULL -> splice(line, memberPatches(line, chunk.spans, emptyAt = 0, mapOf("usage" to null)))
        else -> line
    }
}

/** [choiceCount] is null where there is no list of choices; [usage] is the first token of its value. */
private class Chunk(val spans: ObjectSpans, val choiceCount: Int?, val usage: JsonToken?)

/** The chunk in a line of data; null where there is no JSON object in it. */
private fun chunkIn(line: ByteArray): Chunk? {
    val start = if (line[DATA_FIELD.size] == BLANK) DATA_FIELD.size + 1 else DATA_FIELD.size
    if (line[start] != '{'.code.toByte()) return null
    return try {
        JsonCursor(line, start).use { json ->
            json.next()
            var choiceCount: Int? = null
            var usage: JsonToken? = null
            val spans =
                json.members { name ->
                    if (name == "usage") usage = json.token
                    if (name == "choices" && json.token == JsonToken.START_ARRAY) choiceCount = json.elementCount()
                }
            if (json.next() == null) Chunk(spans, choiceCount, usage) else null
        }
    } catch (_: IOException) {
        null
    }
}
