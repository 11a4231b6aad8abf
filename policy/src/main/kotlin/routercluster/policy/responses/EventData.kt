package routercluster.policy.responses

import java.io.ByteArrayOutputStream

/**
 * Cuts a stream of server-sent events into the data of each. Mutable; for one stream and one thread at a time.
 *
 * @param bytesMax of one event
 */
class EventData(private val bytesMax: Int = ResponseBounds.EVENT_BYTES_MAX) {
    private val line = ByteArrayOutputStream()
    private val data = StringBuilder()
    private var afterReturn = false

    /**
     * The data of the events that end within [bytes], in order; `[DONE]` is left out.
     *
     * @throws EventTooLarge for an event beyond the bound
     */
    fun take(bytes: ByteArray): List<String> {
        val events = ArrayList<String>()
        for (byte in bytes) {
            when (byte) {
                NEWLINE -> if (!afterReturn) endLine(events)
                RETURN -> endLine(events)
                else -> line.write(byte.toInt())
            }
            afterReturn = byte == RETURN
            if (line.size() + data.length > bytesMax) throw EventTooLarge(bytesMax)
        }
        return events
    }

    private fun endLine(events: MutableList<String>) {
        if (line.size() == 0) {
            if (data.isNotEmpty() && data.toString() != DONE) events += data.toString()
            data.clear()
            return
        }
        val text = line.toString(Charsets.UTF_8)
        line.reset()
        if (!text.startsWith(FIELD)) return
        if (data.isNotEmpty()) data.append('\n')
        data.append(text.substring(FIELD.length).removePrefix(" "))
    }

    private companion object {
        const val NEWLINE = '\n'.code.toByte()
        const val RETURN = '\r'.code.toByte()
        const val FIELD = "data:"
        const val DONE = "[DONE]"
    }
}

class EventTooLarge(bytesMax: Int) : RuntimeException("an event has more than $bytesMax bytes")
