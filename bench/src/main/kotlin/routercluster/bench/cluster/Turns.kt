package routercluster.bench.cluster

import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Item
import routercluster.policy.conversations.Turn
import routercluster.policy.conversations.TurnStatus
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CompletionStage

/** Conversations as a gateway uses them: a turn is kept when it begins and when it ends. */
class Turns(private val conversations: Conversations) {
    /** Begins a turn and ends it, as turn [number] of all: every conversation has [TURNS] of them, and many conversations grow at a time. */
    fun keep(number: Int): CompletionStage<*> {
        val id = ConversationId(TENANT, "c-${conversationOf(number)}")
        val turn = Turn("t-$number", null, Instant.EPOCH, TurnStatus.IN_PROGRESS, listOf(Item("in-$number", QUESTION)))
        val ended = turn.copy(status = TurnStatus.COMPLETED, output = listOf(Item("out-$number", ANSWER)), model = "small")
        return conversations
            .change(id, ConversationChange.BeginTurn(turn), askMax)
            .thenCompose { conversations.change(id, ConversationChange.EndTurn(ended), askMax) }
    }

    /** A turn in a conversation of its own. */
    fun keepAlone(conversation: Int): CompletionStage<*> = keep(firstTurnOf(conversation))

    /** Reads a conversation. */
    fun load(conversation: Int, timeout: Duration = askMax): CompletionStage<*> =
        conversations.load(ConversationId(TENANT, "c-$conversation"), timeout)

    companion object {
        const val TURNS = 10

        /** Conversations that grow at the same time. */
        private const val AT_A_TIME = 512
        private const val TENANT = "bench"
        private val askMax = Duration.ofSeconds(30)
        private val QUESTION = """{"type":"message","role":"user","content":"${"what somebody asks. ".repeat(10)}"}"""
        private val ANSWER = """{"type":"message","role":"assistant","content":"${"what a model answers. ".repeat(40)}"}"""

        fun conversationOf(turn: Int): Int = turn % AT_A_TIME + AT_A_TIME * (turn / (AT_A_TIME * TURNS))

        private fun firstTurnOf(conversation: Int): Int = conversation % AT_A_TIME + AT_A_TIME * TURNS * (conversation / AT_A_TIME)
    }
}
