package routercluster.contracts

import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Refusal
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference

/** Conversations of a test: in memory, without bounds, and failing when told to. */
class MemoryConversations(private val clock: Clock = Clock.systemUTC()) : Conversations {
    private val kept = ConcurrentHashMap<ConversationId, Conversation>()
    private val asked = AtomicInteger()

    /** What every call fails with; null where they succeed. */
    val failure = AtomicReference<Throwable?>()

    /** Calls of both kinds so far. */
    val calls: Int get() = asked.get()

    val all: Collection<Conversation> get() = kept.values

    override fun load(id: ConversationId, timeout: Duration): CompletionStage<Conversation?> {
        asked.incrementAndGet()
        failure.get()?.let { return CompletableFuture.failedFuture(it) }
        return CompletableFuture.completedFuture(kept[id])
    }

    override fun change(id: ConversationId, change: ConversationChange, timeout: Duration): CompletionStage<Changed> {
        asked.incrementAndGet()
        failure.get()?.let { return CompletableFuture.failedFuture(it) }
        return CompletableFuture.completedFuture(synchronized(kept) { decide(id, kept[id], change) })
    }

    private fun decide(id: ConversationId, now: Conversation?, change: ConversationChange): Changed =
        when (change) {
            is ConversationChange.Create -> created(id, now, change)

            is ConversationChange.BeginTurn -> begun(id, now, change.turn)

            is ConversationChange.EndTurn -> now.ended(change.turn)

            is ConversationChange.CancelTurn -> now.turn(
                change.turnId,
            ) { if (it.status.isOpen) it.copy(status = TurnStatus.CANCELLED) else it }

            is ConversationChange.DropTurn -> now.turn(change.turnId) { null }

            is ConversationChange.Describe -> now.with { it.copy(metadata = change.metadata) }

            is ConversationChange.AddItems -> now.with { it.copy(items = it.items + change.items) }

            is ConversationChange.DropItem -> now.without(change.itemId)

            ConversationChange.Delete -> Changed.Done(null).also { kept.remove(id) }
        }

    private fun created(id: ConversationId, now: Conversation?, change: ConversationChange.Create): Changed =
        if (now !=
            null
        ) {
            Changed.Refused(Refusal.CONVERSATION_EXISTS, now)
        } else {
            Conversation(id, 0, clock.instant(), change.metadata, change.items).kept()
        }

    private fun begun(id: ConversationId, now: Conversation?, turn: Turn): Changed {
        val parent = turn.parent
        if (now == null && parent != null) return Changed.Refused(Refusal.NO_CONVERSATION, null)
        val before = now ?: Conversation(id, 0, clock.instant())
        return if (before.turns.any { it.id == turn.id }) {
            Changed.Done(before)
        } else {
            before
                .copy(
                    turns = before.turns + turn,
                    use =
                        before.use + turn.use,
                ).kept()
        }
    }

    private fun Conversation?.ended(turn: Turn): Changed {
        val open = this?.turns?.find { it.id == turn.id }
        return if (open != null && !open.status.isOpen &&
            open != turn
        ) {
            Changed.Refused(Refusal.TURN_ENDED, this)
        } else {
            turn(turn.id) { turn }
        }
    }

    private fun Conversation?.turn(id: String, change: (Turn) -> Turn?): Changed =
        with {
            if (it.turns.none { turn -> turn.id == id }) {
                null
            } else {
                it.copy(
                    turns = it.turns.mapNotNull { turn ->
                        if (turn.id ==
                            id
                        ) {
                            change(turn)
                        } else {
                            turn
                        }
                    },
                )
            }
        }.orElse(Refusal.NO_TURN)

    private fun Conversation?.without(itemId: String): Changed =
        with {
            if (it.items.none { item ->
                    item.id == itemId
                }
            ) {
                null
            } else {
                it.copy(items = it.items.filter { item -> item.id != itemId })
            }
        }.orElse(Refusal.NO_ITEM)

    private fun Conversation?.with(change: (Conversation) -> Conversation?): Changed {
        if (this == null) return Changed.Refused(Refusal.NO_CONVERSATION, null)
        return change(this)?.kept() ?: Changed.Refused(Refusal.NO_TURN, this)
    }

    private fun Changed.orElse(refusal: Refusal): Changed =
        if (this is Changed.Refused && this.refusal == Refusal.NO_TURN) Changed.Refused(refusal, conversation) else this

    private fun Conversation.kept(): Changed {
        val next = copy(revision = revision + 1)
        kept[id] = next
        return Changed.Done(next)
    }
}
