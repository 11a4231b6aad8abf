package routercluster.policy.conversations

import java.time.Instant

/**
 * Names a conversation.
 *
 * @property tenant whose it is; conversations of different tenants never meet
 * @property id within the tenant
 */
data class ConversationId(val tenant: String, val id: String)

/**
 * What is remembered of a conversation.
 *
 * @property revision counts its changes, from 1
 * @property metadata as the client gave it
 * @property items of no turn: those that a client put into the conversation by itself, oldest first
 * @property turns oldest first
 * @property dropped turns that were forgotten to stay within the bounds
 * @property use what it has cost so far, dropped turns included
 */
data class Conversation(
    val id: ConversationId,
    val revision: Long,
    val createdAt: Instant,
    val metadata: Map<String, String> = emptyMap(),
    val items: List<Item> = emptyList(),
    val turns: List<Turn> = emptyList(),
    val dropped: Int = 0,
    val use: Use = Use.NONE,
) {
    /** The newest model that answered; null where none has. */
    val model: String? get() = turns.lastOrNull { it.model != null }?.model
}

/**
 * A message, a tool's call or its result.
 *
 * @property json the item as the Responses API writes it, its id included
 */
data class Item(val id: String, val json: String)

/**
 * One request and its answer.
 *
 * @property id of the response; a change that begins a turn of an id that is there already changes nothing
 * @property parent the turn that it follows; null where it is the first of its thread
 * @property response the response object as JSON, without the output; null for a turn of which only facts are kept
 * @property model that answered, and the decision by which it was picked
 */
data class Turn(
    val id: String,
    val parent: String?,
    val startedAt: Instant,
    val status: TurnStatus,
    val input: List<Item> = emptyList(),
    val output: List<Item> = emptyList(),
    val response: String? = null,
    val model: String? = null,
    val decision: String? = null,
    val use: Use = Use.NONE,
)

enum class TurnStatus(val isOpen: Boolean) {
    QUEUED(true),
    IN_PROGRESS(true),
    COMPLETED(false),
    INCOMPLETE(false),
    FAILED(false),
    CANCELLED(false),
}

/** Tokens and money used. [cost] in millionths of the currency that the policy's prices are in. */
data class Use(val promptTokens: Long, val completionTokens: Long, val costMicros: Long) {
    operator fun plus(other: Use) =
        Use(promptTokens + other.promptTokens, completionTokens + other.completionTokens, costMicros + other.costMicros)

    operator fun minus(other: Use) =
        Use(promptTokens - other.promptTokens, completionTokens - other.completionTokens, costMicros - other.costMicros)

    companion object {
        val NONE = Use(0, 0, 0)
    }
}
