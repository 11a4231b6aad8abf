package routercluster.gateway.extproc

import com.google.protobuf.ByteString
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration
import routercluster.gateway.pipeline.Delivery
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest

/**
 * Where one ext_proc stream stands. The two halves move on their own, since an answer may begin before the request has ended.
 *
 * @property plan how the request was forwarded; null before that, and for ever where Envoy answered by itself
 * @property closed an immediate response was sent: whatever still comes is ignored
 */
internal data class StreamState(
    val modes: BodyModes = BodyModes(),
    val request: RequestHalf = RequestHalf.Expected,
    val answer: AnswerHalf = AnswerHalf.EXPECTED,
    val plan: DoorPlan.Forward? = null,
    val closed: Boolean = false,
) {
    /** Whether Envoy needs to hear no more than what was said already. */
    val isOver: Boolean get() = closed || answer == AnswerHalf.DONE
}

/**
 * How Envoy sends bodies; it says so in a stream's first message. An Envoy too old to say so is taken to buffer.
 *
 * @property bodyFirst Envoy sends body chunks without waiting for our answer to the headers
 */
internal data class BodyModes(
    val request: BodySendMode = BodySendMode.BUFFERED,
    val response: BodySendMode = BodySendMode.STREAMED,
    val bodyFirst: Boolean = false,
) {
    /** Whether all of an answer is shown to us as it comes, and goes on as we say. */
    val seesAnswer: Boolean get() = response == BodySendMode.STREAMED || response == BodySendMode.FULL_DUPLEX_STREAMED

    companion object {
        fun of(config: ProtocolConfiguration): BodyModes =
            BodyModes(config.requestBodyMode, config.responseBodyMode, config.sendBodyWithoutWaitingForHeaderResponse)
    }
}

/** The request line and headers. [peer] is an IP address. */
internal class Head(val method: String, val path: String, val headers: List<Pair<String, String>>, val peer: String?)

internal sealed interface RequestHalf {
    /** Nothing came yet. */
    data object Expected : RequestHalf

    /** Headers came, and [chunks] body messages. */
    class Collecting(val head: Head, val body: ByteString, val chunks: Int) : RequestHalf

    /** The whole request is here and the door was asked. */
    class Deciding(val head: Head, val chunks: Int, val end: RequestEnd) : RequestHalf

    /** Answered in full, but for the trailers that may still come after a buffered body. */
    data class Sent(val trailersDue: Boolean) : RequestHalf

    /** The answer began before the request was decided: Envoy replied by itself. */
    data object Abandoned : RequestHalf
}

/** Which message completed a request. After [BUFFERED_BODY], trailers follow once the body is answered. */
internal enum class RequestEnd { HEADERS, BODY, BUFFERED_BODY, TRAILERS }

internal enum class AnswerHalf { EXPECTED, BODY, DONE }

/** What an observer is to be told. */
internal sealed interface Seen {
    data class Headers(val status: Int, val headers: List<Pair<String, String>>, val delivery: Delivery? = null) : Seen

    class Chunk(val bytes: ByteString) : Seen

    data object End : Seen

    data object Aborted : Seen
}

/**
 * A message that cannot come where it came, or that we cannot serve. [code] is stable.
 */
internal data class ProtocolFault(val code: String, val detail: String)

/**
 * A part of an answer that the plan's filter is to see before it goes on.
 *
 * @property end the answer ends with it
 * @property trailers the answer ends with trailers, which follow
 */
internal class Edit(val body: ByteString, val end: Boolean, val trailers: Boolean, val mode: BodySendMode)

/**
 * What one message leads to. At most one of [ask] and [fault] is set.
 *
 * @property responses to be sent in this order
 * @property ask to be put to the door; its plan goes to [ExtProcStream.decided]
 * @property fault ends the stream with an error
 * @property edit what the plan's filter makes of it is to be sent before [responses]; see [sent]
 */
internal class Step(
    val state: StreamState,
    val responses: List<ProcessingResponse> = emptyList(),
    val seen: List<Seen> = emptyList(),
    val ask: DoorRequest? = null,
    val fault: ProtocolFault? = null,
    val edit: Edit? = null,
)
