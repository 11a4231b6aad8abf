package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode

/** An event of a stream of this API, without its place in the stream. */
class ResponseEvent(val type: String, val json: ObjectNode)

/** Numbers the events of one stream, from 0, and writes them. For one thread at a time. */
class EventNumbers {
    private var next = 0

    /** The events as they are sent. */
    fun write(events: List<ResponseEvent>): ByteArray {
        val text = StringBuilder()
        for (event in events) {
            event.json.put("type", event.type).put("sequence_number", next++)
            text
                .append("event: ")
                .append(event.type)
                .append("\ndata: ")
                .append(event.json)
                .append("\n\n")
        }
        return text.toString().toByteArray()
    }
}

internal fun event(type: String, fill: ObjectNode.() -> Unit): ResponseEvent = ResponseEvent(type, objectNode().apply(fill))

/** What ends a stream that cannot tell how its response ended. */
fun errorEvent(code: String, message: String): ResponseEvent =
    event("error") {
        put("code", code).put("message", message).putNull("param")
    }
