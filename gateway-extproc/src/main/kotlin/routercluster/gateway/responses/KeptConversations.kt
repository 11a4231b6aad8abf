package routercluster.gateway.responses

import kotlinx.coroutines.future.await
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Refusal
import routercluster.policy.conversations.Turn
import routercluster.policy.request.BadRequest
import routercluster.policy.responses.Root
import java.time.Duration

/**
 * The port to conversations in the words of this API: whatever is not there, or is another tenant's, is a 404.
 */
internal class KeptConversations(private val port: Conversations) {
    suspend fun load(tenant: String, root: Root): Conversation? = port.load(ConversationId(tenant, root.key), TIMEOUT).await()

    suspend fun change(tenant: String, root: Root, change: ConversationChange): Changed =
        port.change(ConversationId(tenant, root.key), change, TIMEOUT).await()

    /** @throws BadRequest for a change that was refused */
    suspend fun changed(tenant: String, root: Root, change: ConversationChange): Conversation? =
        when (val outcome = change(tenant, root, change)) {
            is Changed.Done -> outcome.conversation
            is Changed.Refused -> throw refusal(outcome.refusal)
        }

    /** @throws BadRequest where there is no such response */
    suspend fun turn(tenant: String, responseId: String): KeptTurn {
        val root = Root.ofResponse(responseId) ?: throw noResponse()
        val turn = load(tenant, root)?.turns?.find { it.id == responseId && it.response != null } ?: throw noResponse()
        return KeptTurn(root, turn)
    }

    /** @throws BadRequest where there is no such conversation */
    suspend fun conversation(tenant: String, id: String): Conversation = load(tenant, rootOf(id)) ?: throw noConversation()

    /** @throws BadRequest for what is no id */
    fun rootOf(conversationId: String): Root = Root.ofConversation(conversationId) ?: throw noConversation()

    companion object {
        /** Longest wait for a conversation to be read or changed. */
        val TIMEOUT: Duration = Duration.ofSeconds(5)

        fun noResponse() = BadRequest(404, "response_not_found", "There is no such response.", "response_id")

        fun noConversation() = BadRequest(404, "conversation_not_found", "There is no such conversation.", "conversation_id")

        fun refusal(refusal: Refusal): BadRequest =
            when (refusal) {
                Refusal.NO_CONVERSATION -> noConversation()
                Refusal.CONVERSATION_EXISTS -> BadRequest(409, "conversation_exists", "There is such a conversation already.")
                Refusal.NO_TURN -> noResponse()
                Refusal.NO_ITEM -> BadRequest(404, "item_not_found", "There is no such item.", "item_id")
                Refusal.TURN_ENDED -> BadRequest(409, "response_ended", "The response has ended.")
                Refusal.TOO_LARGE -> BadRequest(400, "conversation_too_large", "The conversation would grow beyond its bound.", "input")
            }
    }
}

internal class KeptTurn(val root: Root, val turn: Turn)
