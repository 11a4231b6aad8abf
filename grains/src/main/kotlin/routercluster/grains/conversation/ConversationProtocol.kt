package routercluster.grains.conversation

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop
import routercluster.policy.conversations.ConversationChange

/** What a conversation grain is told. Each names the conversation whole: the grain's own id is a hash of it. */
sealed interface ConversationCommand {
    data class Load(val tenant: String, val id: String, val replyTo: ActorRef<ConversationReply>) :
        ConversationCommand,
        WireMessage

    data class Change(
        val tenant: String,
        val id: String,
        val change: WireChange,
        val replyTo: ActorRef<ConversationReply>,
    ) : ConversationCommand,
        WireMessage

    data object Sleep : ConversationCommand, GrainStop
}

sealed interface ConversationReply {
    data class Found(val conversation: KeptConversation?) :
        ConversationReply,
        WireMessage

    data class Done(val conversation: KeptConversation?) :
        ConversationReply,
        WireMessage

    /** @property refusal a name of [routercluster.policy.conversations.Refusal] */
    data class Refused(val refusal: String, val conversation: KeptConversation?) :
        ConversationReply,
        WireMessage

    /**
     * The store did not do it, or nobody knows whether it did.
     *
     * @property isSettled whether it was certainly not done, and asking again would be answered so again
     */
    data class Unavailable(val message: String, val isSettled: Boolean = false) :
        ConversationReply,
        WireMessage
}

/** A [ConversationChange]; what its [kind] has no use for is null. */
data class WireChange(
    val kind: ChangeKind,
    val name: String? = null,
    val metadata: Map<String, String>? = null,
    val items: List<KeptItem>? = null,
    val turn: KeptTurn? = null,
)

enum class ChangeKind { CREATE, BEGIN_TURN, END_TURN, CANCEL_TURN, DROP_TURN, DESCRIBE, ADD_ITEMS, DROP_ITEM, DELETE }

internal fun ConversationChange.toWire(): WireChange =
    when (this) {
        is ConversationChange.Create -> WireChange(ChangeKind.CREATE, metadata = metadata, items = items.map { it.toKept() })
        is ConversationChange.BeginTurn -> WireChange(ChangeKind.BEGIN_TURN, turn = turn.toKept())
        is ConversationChange.EndTurn -> WireChange(ChangeKind.END_TURN, turn = turn.toKept())
        is ConversationChange.CancelTurn -> WireChange(ChangeKind.CANCEL_TURN, turnId)
        is ConversationChange.DropTurn -> WireChange(ChangeKind.DROP_TURN, turnId)
        is ConversationChange.Describe -> WireChange(ChangeKind.DESCRIBE, metadata = metadata)
        is ConversationChange.AddItems -> WireChange(ChangeKind.ADD_ITEMS, items = items.map { it.toKept() })
        is ConversationChange.DropItem -> WireChange(ChangeKind.DROP_ITEM, itemId)
        is ConversationChange.Delete -> WireChange(ChangeKind.DELETE)
    }

internal fun WireChange.toChange(): ConversationChange =
    when (kind) {
        ChangeKind.CREATE -> ConversationChange.Create(metadata.orEmpty(), items.orEmpty().map { it.toItem() })
        ChangeKind.BEGIN_TURN -> ConversationChange.BeginTurn(turnOf(this))
        ChangeKind.END_TURN -> ConversationChange.EndTurn(turnOf(this))
        ChangeKind.CANCEL_TURN -> ConversationChange.CancelTurn(name.orEmpty())
        ChangeKind.DROP_TURN -> ConversationChange.DropTurn(name.orEmpty())
        ChangeKind.DESCRIBE -> ConversationChange.Describe(metadata.orEmpty())
        ChangeKind.ADD_ITEMS -> ConversationChange.AddItems(items.orEmpty().map { it.toItem() })
        ChangeKind.DROP_ITEM -> ConversationChange.DropItem(name.orEmpty())
        ChangeKind.DELETE -> ConversationChange.Delete
    }

private fun turnOf(change: WireChange) = requireNotNull(change.turn) { "${change.kind} has no turn" }.toTurn()
