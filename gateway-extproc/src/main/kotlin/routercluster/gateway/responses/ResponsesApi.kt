package routercluster.gateway.responses

import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpResponse
import com.linecorp.armeria.common.RequestHeaders
import routercluster.gateway.pipeline.ApiError
import routercluster.policy.Policy
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.Conversations
import routercluster.policy.models.Upstream
import routercluster.policy.request.BadRequest
import java.time.Clock
import kotlin.random.Random

/**
 * The Responses API of the HTTP door. What it keeps is in [conversations], so that any node answers for any id.
 *
 * @param offered whether a policy wants it
 * @param ids drawn from by many threads; nobody may guess what it gives
 */
class ResponsesApi(
    serving: Serving,
    conversations: Conversations,
    private val offered: (Policy) -> Boolean,
    clock: Clock,
    ids: Random,
) {
    private val kept = KeptConversations(conversations)
    private val turns = KeepTurns(kept, clock)
    private val background = BackgroundRuns(serving, kept, turns, ids)
    private val creating = CreateResponse(serving, Preparing(kept, clock, ids), turns, background, ids)
    private val responses = ResponseEndpoints(kept, background)
    private val conversationEndpoints = ConversationEndpoints(kept, ids)

    /** Whether [path], with its query, belongs to this API. */
    fun serves(path: String): Boolean = isResponsesPath(path.substringBefore('?'))

    /** The headers that a request is routed with: a request for a response is one for a chat completion. */
    fun routedHeaders(headers: RequestHeaders): RequestHeaders {
        val creates = headers.method() == HttpMethod.POST && headers.path().substringBefore('?') == RESPONSES_PATH
        return if (creates) headers.toBuilder().path(Upstream.CHAT_COMPLETIONS).build() else headers
    }

    /** @throws BadRequest for a call that cannot be served */
    suspend fun answer(call: ResponsesCall): HttpResponse {
        if (!offered(call.journey.snapshot.policy)) {
            throw BadRequest(404, "responses_disabled", "The policy of this router does not offer the Responses API.")
        }
        val resource = Resource.at(call.path) ?: throw BadRequest(404, "unknown_path", "There is nothing at this path.")
        return try {
            answered(call, resource) ?: throw BadRequest(405, "method_not_allowed", "This path does not take this method.")
        } catch (_: ConversationFailure) {
            call.refuse(ApiError(503, UNAVAILABLE, "What was said before cannot be reached now; try again", retryAfterSeconds = 1))
        }
    }

    private suspend fun answered(call: ResponsesCall, resource: Resource): HttpResponse? =
        when (resource) {
            Resource.Responses -> if (call.method == HttpMethod.POST) creating.answer(call) else null
            is Resource.Cancel -> if (call.method == HttpMethod.POST) responses.cancel(call, resource.id) else null
            is Resource.InputItems -> if (call.method == HttpMethod.GET) responses.inputItems(call, resource.id) else null
            is Resource.Response -> response(call, resource.id)
            Resource.Conversations -> if (call.method == HttpMethod.POST) conversationEndpoints.create(call) else null
            is Resource.Conversation -> conversation(call, resource.id)
            is Resource.Items -> items(call, resource.id)
            is Resource.Item -> item(call, resource)
        }

    private suspend fun response(call: ResponsesCall, id: String): HttpResponse? =
        when {
            call.method == HttpMethod.GET -> responses.retrieve(call, id)
            call.method == HttpMethod.DELETE -> responses.delete(call, id)
            else -> null
        }

    private suspend fun conversation(call: ResponsesCall, id: String): HttpResponse? =
        when {
            call.method == HttpMethod.GET -> conversationEndpoints.retrieve(call, id)
            call.method == HttpMethod.POST -> conversationEndpoints.update(call, id)
            call.method == HttpMethod.DELETE -> conversationEndpoints.delete(call, id)
            else -> null
        }

    private suspend fun items(call: ResponsesCall, id: String): HttpResponse? =
        when {
            call.method == HttpMethod.GET -> conversationEndpoints.items(call, id)
            call.method == HttpMethod.POST -> conversationEndpoints.addItems(call, id)
            else -> null
        }

    private suspend fun item(call: ResponsesCall, item: Resource.Item): HttpResponse? =
        when {
            call.method == HttpMethod.GET -> conversationEndpoints.item(call, item.id, item.item)
            call.method == HttpMethod.DELETE -> conversationEndpoints.deleteItem(call, item.id, item.item)
            else -> null
        }
}
