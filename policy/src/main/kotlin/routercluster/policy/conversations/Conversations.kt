package routercluster.policy.conversations

import java.time.Duration
import java.util.concurrent.CompletionStage

/** What may happen to a conversation. Each is harmless when it comes twice. */
sealed interface ConversationChange {
    /** Refused where the conversation is there already, unless it was made by the same request. */
    data class Create(val metadata: Map<String, String>, val items: List<Item>) : ConversationChange

    /** Begins the conversation too where it is not there and the turn has no parent. */
    data class BeginTurn(val turn: Turn) : ConversationChange

    /** Refused where the turn has ended with another result, as when it was cancelled meanwhile. */
    data class EndTurn(val turn: Turn) : ConversationChange

    /** Ends a turn that is still open as cancelled. */
    data class CancelTurn(val turnId: String) : ConversationChange

    data class DropTurn(val turnId: String) : ConversationChange

    data class Describe(val metadata: Map<String, String>) : ConversationChange

    data class AddItems(val items: List<Item>) : ConversationChange

    data class DropItem(val itemId: String) : ConversationChange

    data object Delete : ConversationChange
}

/** Why a change did not happen. */
enum class Refusal { NO_CONVERSATION, CONVERSATION_EXISTS, NO_TURN, NO_ITEM, TURN_ENDED, TOO_LARGE }

sealed interface Changed {
    /** It is durable. [conversation] as it is now; null where it was deleted. */
    data class Done(val conversation: Conversation?) : Changed

    /** @property conversation as it stays */
    data class Refused(val refusal: Refusal, val conversation: Conversation?) : Changed
}

/**
 * The port to conversations. A change that was answered with [Changed.Done] is there for every node from then on. Failures of both
 * functions are [ConversationFailure]s. Safe for use by many threads.
 */
interface Conversations {
    /** Null where there is none. */
    fun load(id: ConversationId, timeout: Duration): CompletionStage<Conversation?>

    fun change(id: ConversationId, change: ConversationChange, timeout: Duration): CompletionStage<Changed>
}

/** Why it is not known how a conversation is. After a failed change it may have happened; the same change may be tried again. */
sealed class ConversationFailure(message: String, cause: Throwable? = null) : RuntimeException(message, cause) {
    class TimedOut(message: String) : ConversationFailure(message)

    class Unavailable(message: String, cause: Throwable? = null) : ConversationFailure(message, cause)
}
