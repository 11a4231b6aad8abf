package routercluster.grains.conversation

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.rootOf
import routercluster.policy.conversations.Changed
import routercluster.policy.conversations.Conversation
import routercluster.policy.conversations.ConversationChange
import routercluster.policy.conversations.ConversationFailure
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.Conversations
import routercluster.policy.conversations.Refusal
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException

/**
 * Conversations that live in grains. A grain that does not answer, as when its node has just died, or that cannot reach its store is asked again
 * until the caller's time is over: every change is harmless when it comes twice.
 *
 * @param nanoTime a clock that only goes forward
 */
class GrainConversations(
    private val directory: GrainDirectory<ConversationCommand>,
    private val nanoTime: () -> Long = System::nanoTime,
) : Conversations {
    override fun load(id: ConversationId, timeout: Duration): CompletionStage<Conversation?> =
        ask(id, timeout) { ConversationCommand.Load(id.tenant, id.id, it) }.thenApply { reply ->
            when (reply) {
                is ConversationReply.Found -> reply.conversation?.toConversation()
                is ConversationReply.Done, is ConversationReply.Refused, is ConversationReply.Unavailable -> throw unexpected(reply)
            }
        }

    override fun change(id: ConversationId, change: ConversationChange, timeout: Duration): CompletionStage<Changed> {
        val wire = change.toWire()
        return ask(id, timeout) { ConversationCommand.Change(id.tenant, id.id, wire, it) }.thenApply { reply ->
            when (reply) {
                is ConversationReply.Done -> Changed.Done(reply.conversation?.toConversation())
                is ConversationReply.Refused -> Changed.Refused(Refusal.valueOf(reply.refusal), reply.conversation?.toConversation())
                is ConversationReply.Found, is ConversationReply.Unavailable -> throw unexpected(reply)
            }
        }
    }

    private fun ask(
        id: ConversationId,
        timeout: Duration,
        make: (ActorRef<ConversationReply>) -> ConversationCommand,
    ): CompletableFuture<ConversationReply> {
        val answer = CompletableFuture<ConversationReply>()
        Attempts(grainIdOf(id), nanoTime() + timeout.toNanos(), make, answer).next(FIRST_PAUSE_MILLIS)
        return answer
    }

    private inner class Attempts(
        private val grainId: String,
        private val deadline: Long,
        private val make: (ActorRef<ConversationReply>) -> ConversationCommand,
        private val answer: CompletableFuture<ConversationReply>,
    ) {
        /** @param pauseMillis before the attempt after this one */
        fun next(pauseMillis: Long) {
            val left = Duration.ofNanos(maxOf(deadline - nanoTime(), 1))
            directory.ask(grainId, minOf(left, ATTEMPT_MAX), make).whenComplete { reply, failure ->
                val reason = if (failure == null) reasonOf(reply) else reasonOf(failure)
                when {
                    reason == null -> answer.complete(reply)
                    reply is ConversationReply.Unavailable && reply.isSettled -> answer.completeExceptionally(reason)
                    deadline - nanoTime() <= TimeUnit.MILLISECONDS.toNanos(pauseMillis) -> answer.completeExceptionally(reason)
                    else -> later(pauseMillis) { next(minOf(2 * pauseMillis, PAUSE_MAX_MILLIS)) }
                }
            }
        }
    }

    private fun reasonOf(reply: ConversationReply): ConversationFailure? =
        (reply as? ConversationReply.Unavailable)?.let { ConversationFailure.Unavailable(it.message) }

    private fun reasonOf(failure: Throwable): ConversationFailure {
        val cause = rootOf(failure)
        return if (cause is TimeoutException) {
            ConversationFailure.TimedOut("the conversation did not answer in time")
        } else {
            ConversationFailure.Unavailable("the conversation could not be asked", cause)
        }
    }

    private fun unexpected(reply: ConversationReply) =
        ConversationFailure.Unavailable("a conversation answered with ${reply.javaClass.simpleName}, which answers something else")

    private fun later(pauseMillis: Long, action: () -> Unit) =
        CompletableFuture.delayedExecutor(pauseMillis, TimeUnit.MILLISECONDS).execute(action)

    private companion object {
        /** A node that died is found out by others; so long one attempt waits for it. */
        val ATTEMPT_MAX: Duration = Duration.ofSeconds(2)
        const val FIRST_PAUSE_MILLIS = 50L
        const val PAUSE_MAX_MILLIS = 1_000L
    }
}
