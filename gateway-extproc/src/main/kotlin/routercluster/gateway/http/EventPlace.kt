package routercluster.gateway.http

/** Where a stream of server-sent events stands: at the beginning of one, or within one. */
internal class EventPlace {
    /** Ends of lines that nothing but ends of lines has followed, at most [BLANK_LINE]; a stream begins as if behind a blank line. */
    private var lineEnds = BLANK_LINE

    val isBetweenEvents: Boolean get() = lineEnds == BLANK_LINE

    fun passed(bytes: ByteArray) {
        var ends = 0
        for (at in bytes.indices.reversed()) {
            when (bytes[at]) {
                LINE_FEED -> {
                    if (++ends == BLANK_LINE) break
                }

                CARRIAGE_RETURN -> {
                    continue
                }

                else -> {
                    lineEnds = ends
                    return
                }
            }
        }
        lineEnds = minOf(BLANK_LINE, lineEnds + ends)
    }

    private companion object {
        const val BLANK_LINE = 2
        const val LINE_FEED = '\n'.code.toByte()
        const val CARRIAGE_RETURN = '\r'.code.toByte()
    }
}
