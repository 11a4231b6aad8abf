package routercluster.gateway.responses

import routercluster.policy.Policy
import routercluster.policy.conversations.TurnStatus
import routercluster.policy.request.BadRequest
import routercluster.policy.request.TokenEstimate
import routercluster.policy.responses.ResponseDraft
import routercluster.policy.responses.ResponseRequest
import routercluster.policy.responses.Root
import routercluster.policy.responses.Thread
import routercluster.policy.responses.chatRequest
import routercluster.policy.responses.parseResponseRequest
import routercluster.policy.responses.resolved
import routercluster.policy.responses.threadTo
import routercluster.policy.responses.tokens
import routercluster.policy.responses.wholeThread
import routercluster.policy.responses.windowTokens
import java.time.Clock
import kotlin.random.Random

/** Reads requests for responses, with the thread that they go on with. A request that is not kept and follows nothing asks nobody. */
internal class Preparing(private val kept: KeptConversations, private val clock: Clock, private val ids: Random) {
    /** @throws BadRequest for a request that cannot be served */
    suspend fun prepare(call: ResponsesCall): Prepared {
        val written = call.forBytes(call.body.size) { parseResponseRequest(call.body, call.limits, ids) }
        val root = root(written)
        val thread = thread(call.tenant, written, root)
        return call.forBytes(call.body.size + BYTES_PER_ITEM * thread.items.size) {
            val request = written.resolved(thread)
            val fitting = if (request.dropsOldest) fitting(request, thread, call.journey.snapshot.policy) else thread
            val itemsMax = call.limits.messagesMax
            if (fitting.items.size + request.input.size > itemsMax) {
                throw BadRequest(400, "too_many_items", "The conversation and `input` have more than $itemsMax items.", "input")
            }
            val draft = ResponseDraft(root.newResponseId(ids), request, clock.instant(), root.conversationId)
            Prepared(call.tenant, request, root, fitting, draft, chatRequest(request, fitting.items))
        }
    }

    private fun root(request: ResponseRequest): Root {
        val previous = request.previousResponseId
        val conversation = request.conversationId
        return when {
            previous != null -> Root.ofResponse(previous) ?: throw noPrevious()
            conversation != null -> kept.rootOf(conversation)
            else -> Root.newThread(ids)
        }
    }

    private suspend fun thread(tenant: String, request: ResponseRequest, root: Root): Thread {
        val previous = request.previousResponseId
        if (previous == null && request.conversationId == null) return Thread.NONE
        val conversation = kept.load(tenant, root) ?: throw if (previous == null) KeptConversations.noConversation() else noPrevious()
        if (previous == null) return conversation.wholeThread()
        val turn = conversation.turns.find { it.id == previous } ?: throw noPrevious()
        if (turn.status == TurnStatus.QUEUED || turn.status == TurnStatus.IN_PROGRESS) {
            throw BadRequest(400, "previous_response_in_progress", "The previous response has not ended.", PREVIOUS)
        }
        return conversation.threadTo(previous) ?: throw noPrevious()
    }

    /** A routed request may go to any model, so that it is the policy's context signals that find one for what is left. */
    private fun fitting(request: ResponseRequest, thread: Thread, policy: Policy): Thread {
        val named = policy.models[request.model]
        val window = if (named == null) {
            policy.models.values
                .mapNotNull { it.windowTokens }
                .maxOrNull()
        } else {
            named.windowTokens
        }
        val instructions = request.body
            .path("instructions")
            .textValue()
            .orEmpty()
        val answer = request.body.path("max_output_tokens").asInt(0)
        return if (window == null) thread else thread.within(window, tokens(request.input) + TokenEstimate.of(instructions) + answer)
    }

    private companion object {
        const val PREVIOUS = "previous_response_id"

        /** A guess, for the choice of a thread alone. */
        const val BYTES_PER_ITEM = 512

        fun noPrevious() = BadRequest(400, "previous_response_not_found", "The previous response was not found.", PREVIOUS)
    }
}
