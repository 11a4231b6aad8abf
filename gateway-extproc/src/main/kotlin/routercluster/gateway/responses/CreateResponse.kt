package routercluster.gateway.responses

import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpStatus
import com.linecorp.armeria.common.MediaType
import com.linecorp.armeria.common.ResponseHeaders
import com.linecorp.armeria.common.ResponseHeadersBuilder
import com.linecorp.armeria.common.stream.StreamMessage
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import routercluster.gateway.http.servedHeaders
import routercluster.gateway.pipeline.ApiError
import routercluster.gateway.pipeline.ResponsePath
import routercluster.gateway.pipeline.addDecision
import routercluster.policy.conversations.TurnStatus
import kotlin.random.Random

/** POST /v1/responses: whole, as a stream, or in the background. */
internal class CreateResponse(
    private val serving: Serving,
    private val preparing: Preparing,
    private val turns: KeepTurns,
    private val background: BackgroundRuns,
    private val ids: Random,
) {
    suspend fun answer(call: ResponsesCall): HttpResponse {
        val prepared = preparing.prepare(call)
        if (prepared.request.background) return background.start(call, prepared)
        return when (val opened = serving.pipeline.open(prepared, call.journey, call.account, call.loop)) {
            is Opened.Refused -> {
                call.refuse(opened.error, opened.route)
            }

            is Opened.Fixed -> {
                val headers = ResponseHeaders.builder(HttpStatus.OK)
                headers.addDecision(call.journey, opened.route.plan, ResponsePath.FAST_RESPONSE)
                answered(call, prepared, ModelAnswer.of(opened, ids), headers)
            }

            is Opened.Served -> {
                served(call, prepared, opened)
            }
        }
    }

    private suspend fun served(call: ResponsesCall, prepared: Prepared, opened: Opened.Served): HttpResponse {
        val headers = servedHeaders(call.journey, opened.route, opened.reply)
        // What a model refuses is as the model says it.
        if (!opened.head.isGood) {
            val body = StreamMessage.of(opened.reply.body).peek { call.account.chunk(it) }
            val response = HttpResponse.of(headers.build(), body)
            response.whenComplete().handle { _, failure -> if (failure != null) opened.reply.cancel() }
            return response
        }
        headers.remove("content-length")
        return answered(call, prepared, ModelAnswer.of(opened, call.account, ids), headers)
    }

    private suspend fun answered(
        call: ResponsesCall,
        prepared: Prepared,
        answer: ModelAnswer,
        headers: ResponseHeadersBuilder,
    ): HttpResponse =
        try {
            turns.begin(prepared)
            if (prepared.request.stream) {
                headers.contentType(MediaType.EVENT_STREAM.withCharset(Charsets.UTF_8)).set("cache-control", "no-cache")
                StreamedResponse(prepared, answer, turns).respond(call.dispatcher, headers.build())
            } else {
                whole(call, prepared, answer, headers)
            }
        } catch (failure: Exception) {
            answer.abandon()
            throw failure
        }

    private suspend fun whole(call: ResponsesCall, prepared: Prepared, answer: ModelAnswer, headers: ResponseHeadersBuilder): HttpResponse {
        try {
            answer.read { }
        } catch (failure: Exception) {
            withContext(NonCancellable) { turns.abandon(prepared, answer) }
            throw failure
        }
        val response = turns.end(prepared, answer)
        if (answer.reader.status == TurnStatus.FAILED) {
            val message = response.path("error").path("message").textValue() ?: "The model failed"
            return call.refuse(ApiError(BAD_GATEWAY, "upstream_answer_failed", message, retryable = false))
        }
        headers.contentType(MediaType.JSON_UTF_8)
        return HttpResponse.of(headers.build(), HttpData.ofUtf8(response.toString()))
    }

    private companion object {
        const val BAD_GATEWAY = 502
    }
}
