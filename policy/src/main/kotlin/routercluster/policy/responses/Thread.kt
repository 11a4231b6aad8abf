package routercluster.policy.responses

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.Turn
import routercluster.policy.models.Model
import routercluster.policy.request.BadRequest
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.request.TokenEstimate

/**
 * What was said before a request, oldest first, by turns.
 *
 * @property parent the turn that a new one follows; null at the beginning
 * @property kept the turns as they are kept, for what is known of them beside what was said
 */
class Thread(val parent: String?, val turns: List<List<ObjectNode>>, val kept: List<Turn> = emptyList()) {
    val items: List<ObjectNode> get() = turns.flatten()

    /**
     * This thread without its oldest turns, so that it fits the window together with the request; a window of null is not known.
     *
     * @param reserved tokens that the request itself and its answer take
     */
    fun within(windowTokens: Int?, reserved: Int): Thread {
        if (windowTokens == null) return this
        var left = windowTokens - reserved
        val fitting = turns.takeLastWhile { turn ->
            left -= tokens(turn)
            left >= 0
        }
        return Thread(parent, fitting, kept)
    }

    companion object {
        val NONE = Thread(null, emptyList())
    }
}

/** The thread that leads to the turn [id]; null where there is no such turn. Turns that were forgotten are missing at its beginning. */
fun Conversation.threadTo(id: String): Thread? {
    val byId = turns.associateBy { it.id }
    val newest = byId[id] ?: return null
    val back = generateSequence(newest) { turn -> turn.parent?.let(byId::get) }.toList()
    return Thread(id, back.asReversed().map(Turn::items), back.asReversed())
}

/** All of a conversation that a client made: what was put into it and what was said, in one row. */
fun Conversation.wholeThread(): Thread {
    val before = items.map { storedObject(it.json) }
    val said = turns.filter { it.isPartOfConversation }
    return Thread(turns.lastOrNull()?.id, listOf(before) + said.map(Turn::items), said)
}

private fun Turn.items(): List<ObjectNode> = (input + output).map { storedObject(it.json) }

/**
 * [request] with the items that its references name in their places.
 *
 * @throws BadRequest for one that is not in the thread
 */
fun ResponseRequest.resolved(thread: Thread): ResponseRequest {
    if (input.none { it.type == ITEM_REFERENCE }) return this
    val known = thread.items.associateBy { it.text("id") }
    val resolved =
        input.mapIndexed { i, item ->
            if (item.type != ITEM_REFERENCE) item else known[item.text("id")] ?: throw noItem("input[$i].id")
        }
    return ResponseRequest(
        body,
        model,
        resolved,
        stream,
        background,
        store,
        previousResponseId,
        conversationId,
        dropsOldest,
        metadata,
    )
}

private fun noItem(param: String) = BadRequest(404, "item_not_found", "`$param` names no item of this conversation.", param)

/** Estimated tokens of [items] as a prompt. */
fun tokens(items: List<ObjectNode>): Int =
    TokenEstimate.of(chatMessages(items).map { Message(Role.OTHER, it.findValuesAsText("content").joinToString() + text(it)) }, 0)

private fun text(message: ObjectNode): String =
    message.findValuesAsText("text").joinToString() + message.findValuesAsText("arguments").joinToString()

/**
 * Whether [items] hold what one provider alone can read or finds by its id: sealed reasoning, and files that were given to it before.
 */
fun holdProviderState(items: List<ObjectNode>): Boolean =
    items.any { item -> item.hasNonNull("encrypted_content") || item.path("content").any { it.hasNonNull("file_id") } }

/** Tokens that [model] can hold in all; null where the policy does not say. */
val Model.windowTokens: Int? get() = card.contextWindowTokens
