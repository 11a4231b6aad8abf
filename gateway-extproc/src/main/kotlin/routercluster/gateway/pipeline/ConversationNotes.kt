package routercluster.gateway.pipeline

import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Turn
import java.time.Duration
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong

/**
 * Notes of chat conversations which model answered, by which decision, and what it took: a turn without any text. A turn is noted when its
 * answer has been sent, and no request waits for it. Safe for use by many threads.
 */
class ConversationNotes(private val conversations: Conversations) {
    private val waiting = AtomicInteger()
    private val lostCount = AtomicLong()

    /** Turns since the start that were not kept, or of which nobody knows. */
    val lost: Long get() = lostCount.get()

    /** @param name the client's, within the [tenant] */
    fun note(tenant: String, name: String, turn: Turn) {
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet()
            lostCount.incrementAndGet()
            return
        }
        conversations.change(idOf(tenant, name), ConversationChange.BeginTurn(turn), TIMEOUT).whenComplete { changed, _ ->
            waiting.decrementAndGet()
            if (changed !is Changed.Done) lostCount.incrementAndGet()
        }
    }

    companion object {
        /** Turns that may be on their way to their conversations. */
        private const val WAITING_MAX = 1_000
        private val TIMEOUT: Duration = Duration.ofSeconds(10)

        /** No conversation of the Responses API has such an id, so that a name cannot write into one. */
        fun idOf(tenant: String, name: String) = ConversationId(tenant, "chat/$name")
    }
}
