package routercluster.policy.request

import routercluster.policy.Limits

private const val PARTS_MAX = 128
private const val PART_HEADER_BYTES_MAX = 8 * 1024
private const val BOUNDARY_LENGTH_MAX = 70
private const val FIELD_BYTES_MAX = 4_096

private const val BOUNDARY_PARAMETER = """;\s*boundary=(?:"([^"]*)"|([^\s;"]+))"""
private const val NAME_PARAMETER = """;\s*name=(?:"([^"]*)"|([^\s;"]+))"""
private val boundaryParameter = Regex(BOUNDARY_PARAMETER, RegexOption.IGNORE_CASE)
private val nameParameter = Regex(NAME_PARAMETER, RegexOption.IGNORE_CASE)
private val boundaryText = Regex("""[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]""")

/**
 * The boundary that a Content-Type header names, or null where the type is not multipart/form-data.
 *
 * @throws BadRequest `invalid_multipart` where the boundary is missing or not one RFC 2046 allows (1 to 70 characters)
 */
fun multipartBoundary(contentType: String): String? {
    if (!contentType.substringBefore(';').trim().equals("multipart/form-data", ignoreCase = true)) return null
    val boundary = boundaryParameter.find(contentType)?.let { it.groupValues[1] + it.groupValues[2] }.orEmpty()
    if (!boundaryText.matches(boundary)) {
        throw invalidMultipart("the Content-Type names no boundary of 1 to $BOUNDARY_LENGTH_MAX characters")
    }
    return boundary
}

/**
 * Reads the fields `model` and `stream` of a multipart/form-data body (RFC 7578), such as an audio transcription's. Files are
 * skipped over. At most 128 parts, 8 KiB of headers each.
 *
 * @throws BadRequest 413 where the body is over [limits]; 400 `invalid_multipart`, `invalid_utf8`, `duplicate_key`,
 *   `missing_field`, `invalid_type`, `invalid_value`
 */
fun parseMultipartModel(bytes: ByteArray, boundary: String, limits: Limits): ModelField {
    if (bytes.size > limits.bodyBytesMax) throw bodyTooLarge(limits.bodyBytesMax)
    var model: Span? = null
    var stream: Span? = null
    MultipartReader(bytes, boundary).eachField { name, value ->
        when (name) {
            "model" -> model = if (model == null) value else throw duplicatePart(name)
            "stream" -> stream = if (stream == null) value else throw duplicatePart(name)
        }
    }
    val span = model ?: throw missingField("model")
    return ModelField(bytes, checkedModel(fieldText(bytes, span, "model")), span, isTrue(bytes, stream), ::plainLine)
}

private fun isTrue(bytes: ByteArray, span: Span?): Boolean =
    when (span?.let { fieldText(bytes, it, "stream") }?.lowercase()) {
        "true", "1" -> true
        null, "false", "0", "" -> false
        else -> throw invalidType("stream", "true or false")
    }

private fun fieldText(bytes: ByteArray, span: Span, name: String): String {
    if (span.end - span.start > FIELD_BYTES_MAX) throw invalidValue(name, "have at most $FIELD_BYTES_MAX bytes")
    val bad = badByteAt(bytes.copyOfRange(span.start, span.end))
    if (bad >= 0) throw invalidUtf8(span.start + bad)
    return String(bytes, span.start, span.end - span.start)
}

/** A name that upstreams are configured with never has line breaks; one that had would end the part's value early. */
private fun plainLine(text: String): ByteArray {
    require(text.none { it == '\r' || it == '\n' }) { "a model name with a line break cannot stand in a form" }
    return text.toByteArray()
}

private class MultipartReader(private val bytes: ByteArray, boundary: String) {
    private val opening = "--$boundary".toByteArray(Charsets.ISO_8859_1)
    private val delimiter = BytePattern("\r\n--$boundary".toByteArray(Charsets.ISO_8859_1))
    private val headersEnd = BytePattern("\r\n\r\n".toByteArray(Charsets.ISO_8859_1))

    /** Calls [read] with the name and the span of the value of every part that has a name. */
    inline fun eachField(read: (name: String, value: Span) -> Unit) {
        var at = firstBoundaryEnd()
        var count = 0
        while (!startsWith("--", at)) {
            if (++count > PARTS_MAX) throw invalidMultipart("it has more than $PARTS_MAX parts")
            val headers = headersStart(at)
            val headersLast = headersEnd.indexIn(bytes, headers, minOf(bytes.size, headers + PART_HEADER_BYTES_MAX))
            if (headersLast < 0) throw invalidMultipart("the headers of part $count do not end within $PART_HEADER_BYTES_MAX bytes")
            val value = headersLast + headersEnd.size
            val end = delimiter.indexIn(bytes, value, bytes.size)
            if (end < 0) throw invalidMultipart("part $count does not end")
            partName(String(bytes, headers, value - headers, Charsets.ISO_8859_1))?.let { read(it, Span(value, end)) }
            at = end + delimiter.size
        }
    }

    private fun firstBoundaryEnd(): Int {
        if (bytes.size >= opening.size && opening.indices.all { bytes[it] == opening[it] }) return opening.size
        val afterPreamble = delimiter.indexIn(bytes, 0, bytes.size)
        if (afterPreamble < 0) throw invalidMultipart("the boundary does not occur")
        return afterPreamble + delimiter.size
    }

    /** After a boundary there may be blanks, then a line break. */
    private fun headersStart(boundaryEnd: Int): Int {
        var at = boundaryEnd
        while (startsWith(" ", at) || startsWith("\t", at)) at++
        if (!startsWith("\r\n", at)) throw invalidMultipart("a boundary is not followed by a line break")
        return at + 2
    }

    private fun startsWith(text: String, at: Int): Boolean =
        at + text.length <= bytes.size && text.indices.all { bytes[at + it] == text[it].code.toByte() }

    private fun partName(headers: String): String? =
        headers
            .lineSequence()
            .firstOrNull { it.startsWith("content-disposition:", ignoreCase = true) }
            ?.let(nameParameter::find)
            ?.let { it.groupValues[1] + it.groupValues[2] }
}

/** Finds a byte sequence by Horspool's method: a boundary of 40 bytes is searched for in steps of up to 40. */
private class BytePattern(private val pattern: ByteArray) {
    val size: Int get() = pattern.size
    private val shifts = IntArray(BYTE_VALUES) { pattern.size }

    init {
        for (index in 0 until pattern.size - 1) shifts[pattern[index].toInt() and BYTE_MASK] = pattern.size - 1 - index
    }

    /** Offset of the first occurrence that lies wholly in [from] until [until], or -1. */
    fun indexIn(bytes: ByteArray, from: Int, until: Int): Int {
        var at = from
        while (at + pattern.size <= until) {
            if (pattern.indices.all { bytes[at + it] == pattern[it] }) return at
            at += shifts[bytes[at + pattern.size - 1].toInt() and BYTE_MASK]
        }
        return -1
    }

    private companion object {
        const val BYTE_VALUES = 256
        const val BYTE_MASK = 0xFF
    }
}
