package routercluster.policy.answer

internal const val RETURN = '\r'.code.toByte()
internal const val NEWLINE = '\n'.code.toByte()

/** Field name of the lines of an event stream that carry data. */
internal val DATA_FIELD = "data:".toByteArray()

/** Where the line from [start] on ends: at a CR or LF, or at [end]. */
internal fun lineEnd(bytes: ByteArray, start: Int, end: Int): Int {
    var at = start
    while (at < end && bytes[at] != RETURN && bytes[at] != NEWLINE) at++
    return at
}
