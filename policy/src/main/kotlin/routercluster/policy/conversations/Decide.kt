package routercluster.policy.conversations

import java.time.Duration
import java.time.Instant

/** What a [ConversationChange] comes to. */
sealed interface Verdict {
    /** It has happened already, or there is nothing to change. */
    data class Same(val conversation: Conversation?) : Verdict

    data class Changed(val conversation: Conversation) : Verdict

    data object Deleted : Verdict

    data class Refused(val refusal: Refusal) : Verdict
}

/** What [change] does to this conversation, null where there is none, at the time [now]. The same change on its own result changes nothing. */
fun Conversation?.decide(id: ConversationId, change: ConversationChange, now: Instant, limits: ConversationLimits): Verdict {
    if (this == null) return begin(id, change, now, limits)
    return when (change) {
        is ConversationChange.Create -> create(change)
        is ConversationChange.BeginTurn -> beginTurn(change.turn, limits)
        is ConversationChange.EndTurn -> endTurn(change.turn, limits)
        is ConversationChange.CancelTurn -> cancelTurn(change.turnId)
        is ConversationChange.DropTurn -> dropTurn(change.turnId)
        is ConversationChange.Describe -> changed(copy(metadata = change.metadata), limits)
        is ConversationChange.AddItems -> addItems(change.items, limits)
        is ConversationChange.DropItem -> changed(copy(items = items.filterNot { it.id == change.itemId }), limits)
        is ConversationChange.Delete -> Verdict.Deleted
    }
}

private fun begin(id: ConversationId, change: ConversationChange, now: Instant, limits: ConversationLimits): Verdict {
    val new = Conversation(id, revision = 0, createdAt = now)
    return when (change) {
        is ConversationChange.Create -> {
            new.changed(new.copy(metadata = change.metadata, items = change.items), limits, isNew = true)
        }

        is ConversationChange.BeginTurn -> {
            if (change.turn.parent == null) new.beginTurn(change.turn, limits) else Verdict.Refused(Refusal.NO_CONVERSATION)
        }

        is ConversationChange.Delete -> {
            Verdict.Same(null)
        }

        is ConversationChange.EndTurn, is ConversationChange.CancelTurn, is ConversationChange.DropTurn, is ConversationChange.Describe,
        is ConversationChange.AddItems, is ConversationChange.DropItem,
        -> {
            Verdict.Refused(Refusal.NO_CONVERSATION)
        }
    }
}

/** One made of the same things is taken for the one that this very request made. */
private fun Conversation.create(change: ConversationChange.Create): Verdict =
    if (turns.isEmpty() && dropped == 0 && metadata == change.metadata && items == change.items) {
        Verdict.Same(this)
    } else {
        Verdict.Refused(Refusal.CONVERSATION_EXISTS)
    }

private fun Conversation.beginTurn(turn: Turn, limits: ConversationLimits): Verdict =
    when {
        turns.any { it.id == turn.id } -> Verdict.Same(this)
        turn.parent != null && turns.none { it.id == turn.parent } -> Verdict.Refused(Refusal.NO_TURN)
        else -> changed(copy(turns = turns + turn, use = use + turn.use), limits, kept = turn.id)
    }

private fun Conversation.endTurn(turn: Turn, limits: ConversationLimits): Verdict {
    val before = turns.find { it.id == turn.id }
    return when {
        before == null -> Verdict.Refused(Refusal.NO_TURN)
        before == turn -> Verdict.Same(this)
        !before.status.isOpen -> Verdict.Refused(Refusal.TURN_ENDED)
        else -> changed(replace(before, turn), limits, kept = turn.id)
    }
}

private fun Conversation.cancelTurn(turnId: String): Verdict {
    val before = turns.find { it.id == turnId }
    return when {
        before == null -> Verdict.Refused(Refusal.NO_TURN)
        before.status.isOpen -> Verdict.Changed(replace(before, before.copy(status = TurnStatus.CANCELLED)).next())
        before.status == TurnStatus.CANCELLED -> Verdict.Same(this)
        else -> Verdict.Refused(Refusal.TURN_ENDED)
    }
}

/** A turn that is not there is dropped already. Those that follow it keep its name as their parent. */
private fun Conversation.dropTurn(turnId: String): Verdict =
    if (turns.none { it.id == turnId }) Verdict.Same(this) else Verdict.Changed(copy(turns = turns.filterNot { it.id == turnId }).next())

private fun Conversation.addItems(new: List<Item>, limits: ConversationLimits): Verdict {
    val known = items.mapTo(mutableSetOf()) { it.id }
    return changed(copy(items = items + new.filter { it.id !in known }), limits)
}

private fun Conversation.replace(before: Turn, after: Turn): Conversation =
    copy(turns = turns.map { if (it.id == before.id) after else it }, use = use + after.use - before.use)

private fun Conversation.changed(after: Conversation, limits: ConversationLimits, kept: String? = null, isNew: Boolean = false): Verdict {
    if (after == this && !isNew) return Verdict.Same(this)
    return after.within(limits, kept)?.let { Verdict.Changed(it.next()) } ?: Verdict.Refused(Refusal.TOO_LARGE)
}

private fun Conversation.next(): Conversation = copy(revision = revision + 1)

/** As a reader sees it: turns that nobody can still be working at, having begun more than [openFor] before [now], have failed. */
fun Conversation.readAt(now: Instant, openFor: Duration): Conversation =
    if (turns.none { it.isAbandoned(now, openFor) }) {
        this
    } else {
        copy(turns = turns.map { if (it.isAbandoned(now, openFor)) it.copy(status = TurnStatus.FAILED) else it })
    }

private fun Turn.isAbandoned(now: Instant, openFor: Duration): Boolean = status.isOpen && startedAt + openFor < now
