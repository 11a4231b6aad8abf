package routercluster.gateway.extproc

import com.google.protobuf.ByteString
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.DoorRequest

/**
 * The ext_proc protocol of one HTTP request as pure functions from state and message to state and answers.
 *
 * A route depends on the body, so the answer to the request's headers is withheld until the body is whole: Envoy takes header
 * changes with a body only when it buffers (mode BUFFERED), and that mode ends at its buffer limit.
 *
 * @param bodyBytesMax a longer request is refused with 413
 * @param refuse makes the answer to a client: path, status, code, message
 */
internal class ExtProcStream(private val bodyBytesMax: Long, private val refuse: (String, Int, String, String) -> DoorPlan.Answer) {
    fun step(state: StreamState, message: ProcessingRequest): Step {
        if (state.closed) return Step(state)
        if (message.observabilityMode) return fault(state, "observability_mode", "a router must be able to change requests")
        val here = if (message.hasProtocolConfig()) state.copy(modes = BodyModes.of(message.protocolConfig)) else state
        return when (message.requestCase) {
            RequestCase.REQUEST_HEADERS -> requestHeaders(here, message)
            RequestCase.REQUEST_BODY -> requestBody(here, message.requestBody)
            RequestCase.REQUEST_TRAILERS -> requestTrailers(here)
            RequestCase.RESPONSE_HEADERS -> responseHeaders(here, message)
            RequestCase.RESPONSE_BODY -> responseBody(here, message.responseBody)
            RequestCase.RESPONSE_TRAILERS -> responseTrailers(here)
            RequestCase.REQUEST_NOT_SET, null -> fault(state, "empty_message", "a message must hold headers, a body or trailers")
        }
    }

    /** Refuses a request whose body there is no room for, with [refusal]. */
    fun overloaded(state: StreamState, refusal: ApiError): Step =
        when (val half = state.request) {
            is RequestHalf.Collecting -> refused(state, half.head, refusal.status, refusal.code, refusal.message)
            RequestHalf.Expected, is RequestHalf.Deciding, is RequestHalf.Sent, RequestHalf.Abandoned -> Step(state)
        }

    /** The door's [plan] for the request that a [Step.ask] held. */
    fun decided(state: StreamState, plan: DoorPlan): Step {
        val half = state.request
        check(half is RequestHalf.Deciding) { "A plan came for a request that was not asked about" }
        return when (plan) {
            is DoorPlan.Answer -> {
                Step(state.copy(closed = true), listOf(immediateResponse(plan)))
            }

            is DoorPlan.Forward -> {
                val sent = RequestHalf.Sent(trailersDue = half.end == RequestEnd.BUFFERED_BODY)
                Step(state.copy(request = sent, plan = plan), forwardResponses(half, plan, state.modes))
            }
        }
    }

    /**
     * What is left to tell the observer when the stream ends. Whether Envoy closes a stream or resets it says nothing about the
     * answer, so where it does not show us the answer's body, the headers count as its end.
     */
    fun ended(state: StreamState): Seen? =
        when {
            state.plan == null || state.answer == AnswerHalf.DONE -> null
            state.answer == AnswerHalf.BODY && state.modes.response == BodySendMode.NONE -> Seen.End
            else -> Seen.Aborted
        }

    private fun requestHeaders(state: StreamState, message: ProcessingRequest): Step {
        if (state.request != RequestHalf.Expected) return misplaced(state, "request_headers", "only once, before all else")
        val head = head(message)
        if (message.requestHeaders.endOfStream) return ask(state, head, ByteString.EMPTY, 0, RequestEnd.HEADERS)
        val declared = head.headers
            .firstOrNull { (name, _) -> name == "content-length" }
            ?.second
            ?.toLongOrNull() ?: 0
        if (declared > bodyBytesMax) return tooLarge(state, head)
        val collecting = state.copy(request = RequestHalf.Collecting(head, ByteString.EMPTY, 0))
        return when (state.modes.request) {
            BodySendMode.FULL_DUPLEX_STREAMED -> {
                Step(collecting)
            }

            BodySendMode.BUFFERED -> {
                Step(collecting, listOf(requestHeadersContinue))
            }

            BodySendMode.STREAMED -> {
                if (state.modes.bodyFirst) {
                    Step(collecting)
                } else {
                    misconfigured(state, head, "STREAMED without send_body_without_waiting_for_header_response")
                }
            }

            BodySendMode.NONE, BodySendMode.BUFFERED_PARTIAL, BodySendMode.UNRECOGNIZED -> {
                misconfigured(state, head, state.modes.request.name)
            }
        }
    }

    private fun requestBody(state: StreamState, message: HttpBody): Step =
        when (val half = state.request) {
            is RequestHalf.Collecting -> {
                val body = half.body.concat(message.body)
                val chunks = half.chunks + 1
                when {
                    body.size() > bodyBytesMax -> tooLarge(state, half.head)
                    message.endOfStream -> ask(state, half.head, body, chunks, RequestEnd.BODY)
                    state.modes.request == BodySendMode.BUFFERED -> ask(state, half.head, body, chunks, RequestEnd.BUFFERED_BODY)
                    else -> Step(state.copy(request = RequestHalf.Collecting(half.head, body, chunks)))
                }
            }

            RequestHalf.Abandoned -> {
                Step(state)
            }

            RequestHalf.Expected -> {
                misplaced(state, "request_body", "after request_headers; request_header_mode must be SEND")
            }

            is RequestHalf.Deciding, is RequestHalf.Sent -> {
                misplaced(state, "request_body", "before the end of the request")
            }
        }

    private fun requestTrailers(state: StreamState): Step =
        when (val half = state.request) {
            is RequestHalf.Collecting -> {
                if (state.modes.request == BodySendMode.BUFFERED) {
                    refused(state, half.head, 400, "missing_body", "The request has trailers but no body")
                } else {
                    ask(state, half.head, half.body, half.chunks, RequestEnd.TRAILERS)
                }
            }

            is RequestHalf.Sent -> {
                if (half.trailersDue) {
                    Step(state.copy(request = RequestHalf.Sent(trailersDue = false)), listOf(requestTrailersResponse))
                } else {
                    misplaced(state, "request_trailers", "once, after a body without end_of_stream")
                }
            }

            RequestHalf.Abandoned -> {
                Step(state)
            }

            RequestHalf.Expected, is RequestHalf.Deciding -> {
                misplaced(state, "request_trailers", "after request_headers, once")
            }
        }

    private fun responseHeaders(state: StreamState, message: ProcessingRequest): Step {
        if (state.answer != AnswerHalf.EXPECTED) return misplaced(state, "response_headers", "only once")
        val next =
            state.copy(
                request = state.request as? RequestHalf.Sent ?: RequestHalf.Abandoned,
                answer = if (message.responseHeaders.endOfStream) AnswerHalf.DONE else AnswerHalf.BODY,
            )
        val headers = pairs(message.responseHeaders.headers)
        val status = headers.firstOrNull { (name, _) -> name == ":status" }?.second?.toIntOrNull() ?: 0
        val seen = listOf(Seen.Headers(status, headers.filterNot { (name, _) -> name.startsWith(":") }, delivery(message)))
        val reply = responseHeadersResponse(state.plan, headers)
        return Step(next, listOf(reply), if (message.responseHeaders.endOfStream) seen + Seen.End else seen)
    }

    private fun responseBody(state: StreamState, message: HttpBody): Step {
        if (state.answer !=
            AnswerHalf.BODY
        ) {
            return misplaced(state, "response_body", "between response_headers and the end of the response")
        }
        val chunk = if (message.body.isEmpty) emptyList() else listOf(Seen.Chunk(message.body))
        val edit = Edit(message.body, message.endOfStream, trailers = false, state.modes.response)
        val isFiltered = state.plan?.answerFilter != null
        val responses = if (isFiltered) emptyList() else edited(edit, null)
        val seen = if (message.endOfStream) chunk + Seen.End else chunk
        val next = if (message.endOfStream) state.copy(answer = AnswerHalf.DONE) else state
        return Step(next, responses, seen, edit = edit.takeIf { isFiltered })
    }

    private fun responseTrailers(state: StreamState): Step {
        if (state.answer != AnswerHalf.BODY) return misplaced(state, "response_trailers", "once, after response_headers")
        val edit = Edit(ByteString.EMPTY, end = false, trailers = true, state.modes.response)
        val isFiltered = state.plan?.answerFilter != null
        val done = state.copy(answer = AnswerHalf.DONE)
        return Step(done, listOf(responseTrailersResponse), listOf(Seen.End), edit = edit.takeIf { isFiltered })
    }

    private fun ask(state: StreamState, head: Head, body: ByteString, chunks: Int, end: RequestEnd): Step =
        Step(
            state.copy(request = RequestHalf.Deciding(head, chunks, end)),
            ask = DoorRequest(head.method, head.path, head.headers, body.toByteArray(), head.peer, state.modes.seesAnswer),
        )

    private fun tooLarge(state: StreamState, head: Head): Step =
        refused(state, head, 413, "body_too_large", "The request body exceeds $bodyBytesMax bytes")

    private fun misconfigured(state: StreamState, head: Head, mode: String): Step =
        refused(state, head, 500, "envoy_misconfigured", "ext_proc request_body_mode is $mode; use FULL_DUPLEX_STREAMED or BUFFERED")

    private fun refused(state: StreamState, head: Head, status: Int, code: String, message: String): Step =
        Step(state.copy(closed = true), listOf(immediateResponse(refuse(head.path, status, code, message))))

    private fun misplaced(state: StreamState, message: String, expected: String): Step =
        fault(state, "misplaced_$message", "$message came out of order; it may come $expected")

    private fun fault(state: StreamState, code: String, detail: String): Step =
        Step(state.copy(closed = true), fault = ProtocolFault(code, detail))
}
