package routercluster.gateway.extproc

import com.google.protobuf.ByteString
import com.google.protobuf.Struct
import com.google.protobuf.UnsafeByteOperations
import com.google.protobuf.Value
import io.envoyproxy.envoy.config.core.v3.HeaderMap
import io.envoyproxy.envoy.config.core.v3.HeaderValue
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse
import io.envoyproxy.envoy.type.v3.HttpStatus
import routercluster.gateway.pipeline.AnswerFilter
import routercluster.gateway.pipeline.DoorPlan
import routercluster.gateway.pipeline.UPSTREAM_REQUEST_ID
import routercluster.gateway.pipeline.upstreamRequestId

/** Header by which the rendered Envoy configuration chooses a cluster. */
internal const val UPSTREAM_HEADER = "x-routercluster-upstream"
internal const val MODEL_HEADER = "x-selected-model"
internal const val DESTINATION_HEADER = "x-gateway-destination-endpoint"

/** Namespaces of the dynamic metadata that we write. */
internal const val ENDPOINT_NAMESPACE = "envoy.lb"
internal const val OWN_NAMESPACE = "io.routercluster"

/** The longest chunk that Envoy's documentation recommends for a streamed body. */
internal const val CHUNK_BYTES_MAX = 64 * 1024

internal val requestHeadersContinue = requestHeadersResponse(CommonResponse.getDefaultInstance())
internal val requestTrailersResponse = ProcessingResponse.newBuilder().setRequestTrailers(TrailersResponse.getDefaultInstance()).build()
internal val responseTrailersResponse = ProcessingResponse.newBuilder().setResponseTrailers(TrailersResponse.getDefaultInstance()).build()
internal val responseBodyContinue = ProcessingResponse.newBuilder().setResponseBody(BodyResponse.getDefaultInstance()).build()

internal fun head(message: ProcessingRequest): Head {
    val all = pairs(message.requestHeaders.headers)
    val pseudo = all.filter { (name, _) -> name.startsWith(":") }.toMap()
    return Head(
        pseudo[":method"].orEmpty(),
        pseudo[":path"].orEmpty(),
        all.filterNot { (name, _) -> name.startsWith(":") },
        attributes(message)[PEER_ATTRIBUTE]?.stringValue?.let(::withoutPort),
    )
}

/** `10.0.0.1:80` to `10.0.0.1`, `[::1]:80` to `::1`; null for what is no IP address, such as a pipe. */
private fun withoutPort(address: String): String? {
    val host = address.substringBeforeLast(':').removeSurrounding("[", "]")
    return host.takeIf { it.isNotEmpty() && it.all { char -> char in '0'..'9' || char in 'a'..'f' || char == '.' || char == ':' } }
}

internal fun pairs(headers: HeaderMap): List<Pair<String, String>> =
    headers.headersList.map { it.key to if (it.rawValue.isEmpty) it.value else it.rawValue.toStringUtf8() }

internal fun immediateResponse(answer: DoorPlan.Answer): ProcessingResponse =
    ProcessingResponse
        .newBuilder()
        .setImmediateResponse(
            ImmediateResponse
                .newBuilder()
                .setStatus(HttpStatus.newBuilder().setCodeValue(answer.status))
                .setHeaders(HeaderMutation.newBuilder().addAllSetHeaders(answer.headers.map(::option)))
                .setBody(UnsafeByteOperations.unsafeWrap(answer.body))
                .setDetails("routercluster_answer"),
        ).setDynamicMetadata(struct(mapOf(OWN_NAMESPACE to nested(answer.metadata + ("outcome" to "answer")))))
        .build()

/** Everything that Envoy must hear to send the request on, in the protocol's order: headers, body, trailers. */
internal fun forwardResponses(half: RequestHalf.Deciding, plan: DoorPlan.Forward, modes: BodyModes): List<ProcessingResponse> {
    val body = UnsafeByteOperations.unsafeWrap(plan.body)
    val edits = HeaderMutation
        .newBuilder()
        .addAllRemoveHeaders(
            plan.removeHeaders,
        ).addAllSetHeaders(requestEdits(half.head, plan).map(::option))
    val common = CommonResponse.newBuilder().setClearRouteCache(plan.clearRouteCache)
    val buffered = half.end != RequestEnd.HEADERS && modes.request == BodySendMode.BUFFERED
    if (buffered) {
        edits.addSetHeaders(option("content-length" to plan.body.size.toString()))
        common.setBodyMutation(BodyMutation.newBuilder().setBody(body))
    }
    common.setHeaderMutation(edits)
    val first = if (buffered) requestBodyResponse(common) else requestHeadersResponse(common.build())
    val labelled = first.toBuilder().setDynamicMetadata(metadata(plan)).build()
    if (buffered || half.end == RequestEnd.HEADERS) return listOf(labelled)
    val last = half.end == RequestEnd.BODY
    val chunks =
        if (modes.request == BodySendMode.STREAMED) {
            replaced(body, half.chunks)
        } else {
            streamed(body, last).map { ProcessingResponse.newBuilder().setRequestBody(it).build() }
        }
    return listOf(labelled) + chunks + if (last) emptyList() else listOf(requestTrailersResponse)
}

/** The body's length is ours to say, and only where Envoy buffers: otherwise it drops the header by itself. */
private fun requestEdits(head: Head, plan: DoorPlan.Forward): List<Pair<String, String>> {
    val path = if (plan.path == head.path) emptyList() else listOf(":path" to plan.path)
    val asked = plan.setHeaders.filterNot { (name, _) -> name == "content-length" }
    return path + asked + (MODEL_HEADER to plan.model) + (DESTINATION_HEADER to plan.destination) + (UPSTREAM_HEADER to plan.upstream)
}

/** Mode STREAMED wants one answer per chunk: all but the last are emptied and the last becomes the whole body. */
private fun replaced(body: ByteString, chunks: Int): List<ProcessingResponse> =
    List(chunks) { index ->
        val last = index == chunks - 1
        val mutation = if (last) BodyMutation.newBuilder().setBody(body) else BodyMutation.newBuilder().setClearBody(true)
        requestBodyResponse(CommonResponse.newBuilder().setBodyMutation(mutation))
    }

/** A body cut for full duplex; without [endOfStream] an empty one is no chunk at all. */
internal fun streamed(body: ByteString, endOfStream: Boolean): List<BodyResponse> {
    if (body.isEmpty && !endOfStream) return emptyList()
    return (0..maxOf(0, body.size() - 1) step CHUNK_BYTES_MAX).map { start ->
        val end = minOf(body.size(), start + CHUNK_BYTES_MAX)
        val chunk = StreamedBodyResponse.newBuilder().setBody(body.substring(start, end)).setEndOfStream(endOfStream && end == body.size())
        val mutation = BodyMutation.newBuilder().setStreamedResponse(chunk)
        BodyResponse.newBuilder().setResponse(CommonResponse.newBuilder().setBodyMutation(mutation)).build()
    }
}

/** What a step sends: first what [filter] makes of its edit. */
internal fun Step.sent(filter: AnswerFilter?): List<ProcessingResponse> {
    val edit = edit ?: return responses
    val body = edit.body.toByteArray()
    val passed = filter?.pass(body, last = edit.end || edit.trailers)
    return edited(edit, passed?.takeUnless { it === body }) + responses
}

/** The answers to a part of a model's answer in whose place [passed] goes on; null where it goes on as it is. */
internal fun edited(edit: Edit, passed: ByteArray?): List<ProcessingResponse> {
    val body = passed?.let(UnsafeByteOperations::unsafeWrap) ?: edit.body
    return when {
        edit.mode == BodySendMode.FULL_DUPLEX_STREAMED -> streamed(body, edit.end).map(::responseBodyResponse)

        // No more bytes can come with trailers. What was still held back is an unfinished line, which means nothing to a reader of events.
        edit.trailers -> emptyList()

        passed == null -> listOf(responseBodyContinue)

        else -> listOf(responseBodyResponse(replaced(body)))
    }
}

private fun replaced(body: ByteString): BodyResponse {
    val mutation = if (body.isEmpty) BodyMutation.newBuilder().setClearBody(true) else BodyMutation.newBuilder().setBody(body)
    return BodyResponse.newBuilder().setResponse(CommonResponse.newBuilder().setBodyMutation(mutation)).build()
}

private fun responseBodyResponse(body: BodyResponse): ProcessingResponse = ProcessingResponse.newBuilder().setResponseBody(body).build()

/** @param headers the answer's own */
internal fun responseHeadersResponse(plan: DoorPlan.Forward?, headers: List<Pair<String, String>>): ProcessingResponse {
    val edits = HeaderMutation.newBuilder()
    if (plan != null) {
        edits.addAllSetHeaders(plan.responseHeaders.map(::option))
        upstreamRequestId(headers.idOf(), plan.responseHeaders.idOf())?.let { edits.addSetHeaders(option(UPSTREAM_REQUEST_ID to it)) }
    }
    val common = CommonResponse.newBuilder().setHeaderMutation(edits)
    return ProcessingResponse.newBuilder().setResponseHeaders(HeadersResponse.newBuilder().setResponse(common)).build()
}

private fun List<Pair<String, String>>.idOf(): String? = firstOrNull { (name, _) -> name == "x-request-id" }?.second

private fun requestHeadersResponse(common: CommonResponse): ProcessingResponse =
    ProcessingResponse.newBuilder().setRequestHeaders(HeadersResponse.newBuilder().setResponse(common)).build()

private fun requestBodyResponse(common: CommonResponse.Builder): ProcessingResponse =
    ProcessingResponse.newBuilder().setRequestBody(BodyResponse.newBuilder().setResponse(common)).build()

private fun metadata(plan: DoorPlan.Forward): Struct {
    val own = plan.metadata + mapOf("outcome" to "forward", "model" to plan.model, "upstream" to plan.upstream)
    return struct(mapOf(ENDPOINT_NAMESPACE to nested(mapOf(DESTINATION_HEADER to plan.destination)), OWN_NAMESPACE to nested(own)))
}

private fun nested(texts: Map<String, String>): Value =
    Value.newBuilder().setStructValue(struct(texts.mapValues { (_, text) -> Value.newBuilder().setStringValue(text).build() })).build()

private fun struct(fields: Map<String, Value>): Struct = Struct.newBuilder().putAllFields(fields).build()

private fun option(header: Pair<String, String>): HeaderValueOption =
    HeaderValueOption
        .newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(header.first).setRawValue(ByteString.copyFromUtf8(header.second)))
        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build()
