package routercluster.gateway.responses

import com.fasterxml.jackson.databind.node.ObjectNode
import com.linecorp.armeria.common.HttpData
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.HttpResponseWriter
import com.linecorp.armeria.common.ResponseHeaders
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.slf4j.LoggerFactory
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.request.BadRequest
import routercluster.policy.responses.EventNumbers
import routercluster.policy.responses.ResponseEvent
import routercluster.policy.responses.closing
import routercluster.policy.responses.errorEvent
import routercluster.policy.responses.opening

/**
 * A response as a stream of events. The last one, which tells of the end, is sent once the turn is kept. A client that leaves ends the
 * model's work too; what was said until then is kept.
 */
internal class StreamedResponse(private val prepared: Prepared, private val answer: ModelAnswer, private val turns: KeepTurns) {
    fun respond(dispatcher: CoroutineDispatcher, headers: ResponseHeaders): HttpResponse {
        val writer = HttpResponse.streaming()
        val out = EventWriter(writer)
        writer.write(headers)
        val work = CoroutineScope(dispatcher).launch { stream(out) }
        writer.whenComplete().handle { _, failure -> if (failure != null) work.cancel() }
        return writer
    }

    private suspend fun stream(out: EventWriter) {
        try {
            out.send(prepared.draft.opening())
            answer.read(out::send)
        } catch (failure: Exception) {
            abandoned()
            out.cut(failure)
            return
        }
        try {
            out.send(listOf(end()))
            out.close()
        } catch (failure: Exception) {
            out.cut(failure)
        }
    }

    private suspend fun end(): ResponseEvent =
        try {
            // Said to its end is kept to its end, whether or not the client is still there.
            closing(withContext(NonCancellable) { turns.end(prepared, answer) })
        } catch (_: ConversationFailure) {
            errorEvent(UNAVAILABLE, "The response could not be kept; try again")
        } catch (refused: BadRequest) {
            errorEvent(refused.code, refused.message)
        }

    private suspend fun abandoned() {
        answer.abandon()
        withContext(NonCancellable) {
            try {
                turns.abandon(prepared, answer)
            } catch (failure: Exception) {
                // Nobody is left to tell; the turn ends when its time is up.
                log.warn("a response that broke off could not be kept: {}", failure.javaClass.name)
            }
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(StreamedResponse::class.java)
    }
}

/** Writes events as fast as the client reads them. */
internal class EventWriter(private val writer: HttpResponseWriter) {
    private val numbers = EventNumbers()

    /** Fails with a [CancellationException] where the client has left. */
    suspend fun send(events: List<ResponseEvent>) {
        if (events.isEmpty()) return
        if (!writer.tryWrite(HttpData.wrap(numbers.write(events)))) throw CancellationException("the client has left")
        try {
            writer.whenConsumed().await()
        } catch (left: CancellationException) {
            throw left
        } catch (left: Exception) {
            throw CancellationException("the client has left", left)
        }
    }

    fun close() = writer.close()

    fun cut(failure: Throwable) = writer.close(failure)
}

/** The status of a response that is told at once, though it may have begun already. */
internal fun queued(response: ObjectNode): ObjectNode = response.put("status", "queued")

internal const val UNAVAILABLE = "conversations_unavailable"
