package routercluster.gateway.responses

import com.fasterxml.jackson.databind.node.JsonNodeFactory
import com.linecorp.armeria.common.HttpResponse
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.request.BadRequest
import routercluster.policy.responses.PageRequest
import routercluster.policy.responses.page
import routercluster.policy.responses.responseObject

/** Responses that are kept: looked at, cancelled, deleted. */
internal class ResponseEndpoints(private val kept: KeptConversations, private val background: BackgroundRuns) {
    suspend fun retrieve(call: ResponsesCall, id: String): HttpResponse {
        val asked = listOf("stream", "starting_after").firstOrNull { (call.query(it) ?: NO) != NO }
        if (asked != null) {
            throw BadRequest(400, "stream_not_kept", "Events are not kept and cannot be sent again: ask without `$asked`.", asked)
        }
        return call.answer(kept.turn(call.tenant, id).turn.responseObject() ?: throw KeptConversations.noResponse())
    }

    suspend fun inputItems(call: ResponsesCall, id: String): HttpResponse {
        val asked = PageRequest.of(call::query)
        return call.answer(page(kept.turn(call.tenant, id).turn.input, asked))
    }

    suspend fun delete(call: ResponsesCall, id: String): HttpResponse {
        val found = kept.turn(call.tenant, id)
        kept.changed(call.tenant, found.root, ConversationChange.DropTurn(id))
        background.cancel(id)
        return call.answer(deleted(id, "response"))
    }

    /** What has ended stays as it is; a second call changes nothing. */
    suspend fun cancel(call: ResponsesCall, id: String): HttpResponse {
        val found = kept.turn(call.tenant, id)
        val response = found.turn.responseObject() ?: throw KeptConversations.noResponse()
        if (!response.path("background").booleanValue()) {
            throw BadRequest(
                400,
                "response_not_background",
                "Only a response that was made in the background can be cancelled.",
                "response_id",
            )
        }
        if (!found.turn.status.isOpen) return call.answer(response)
        kept.changed(call.tenant, found.root, ConversationChange.CancelTurn(id))
        background.cancel(id)
        return retrieve(call, id)
    }

    private companion object {
        /** What a flag of a query says that is not set. */
        const val NO = "false"
    }
}

internal fun deleted(id: String, what: String) =
    JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", what)
        .put("deleted", true)
