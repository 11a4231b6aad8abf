package routercluster.grains.conversation

import org.apache.pekko.actor.typed.Behavior
import routercluster.grains.directory.GrainKind
import routercluster.grains.state.KeptGrain
import routercluster.grains.state.StateFailure
import routercluster.grains.state.StateKey
import routercluster.grains.state.StateStore
import routercluster.grains.state.Step
import routercluster.grains.state.kept
import routercluster.policy.conversations.ConversationId
import routercluster.policy.conversations.ConversationLimits
import routercluster.policy.conversations.Verdict
import routercluster.policy.conversations.decide
import routercluster.policy.conversations.digestOf
import routercluster.policy.conversations.readAt
import java.time.Duration
import java.time.InstantSource

/**
 * What conversation grains need.
 *
 * @property keepFor how long a conversation is kept after its last change
 * @property turnOpenMax after which a turn that is still open has failed: nobody works at it any more
 */
class ConversationSettings(
    val store: StateStore,
    val clock: InstantSource,
    val keepFor: Duration,
    val turnOpenMax: Duration = Duration.ofHours(1),
    val limits: ConversationLimits = ConversationLimits.DEFAULT,
)

/** The id under which a directory finds a conversation's grain: ids of any length and kind, and no two tenants' the same. */
fun grainIdOf(id: ConversationId): String = digestOf(id.tenant, id.id)

/** Conversations, for a host of grains. */
fun conversationKind(
    settings: ConversationSettings,
    idleAfter: Duration = GrainKind.IDLE_AFTER,
): GrainKind<ConversationCommand> =
    GrainKind(
        "conversation",
        ConversationCommand::class.java,
        ConversationCommand.Sleep,
        idleAfter = idleAfter,
        isLarge = true,
        isSafeTwice = settings.store.isShared,
    ) { conversation(it, settings) }

/** The grain of one conversation. [grainId] is from [grainIdOf]. */
fun conversation(grainId: String, settings: ConversationSettings): Behavior<ConversationCommand> =
    kept(StateKey("conversation", grainId), settings.store, conversationCodec) { ConversationGrain(settings) }

private class ConversationGrain(private val settings: ConversationSettings) : KeptGrain<ConversationCommand, KeptConversation> {
    override fun decide(state: KeptConversation?, command: ConversationCommand): Step<KeptConversation> =
        when (command) {
            is ConversationCommand.Load -> Step.Stay { command.replyTo.tell(ConversationReply.Found(seen(state))) }
            is ConversationCommand.Change -> change(state, command)
            is ConversationCommand.Sleep -> Step.Stay {}
        }

    private fun change(state: KeptConversation?, command: ConversationCommand.Change): Step<KeptConversation> {
        val id = ConversationId(command.tenant, command.id)
        return when (
            val verdict = state?.toConversation().decide(
                id,
                command.change.toChange(),
                settings.clock.instant(),
                settings.limits,
            )
        ) {
            is Verdict.Same -> {
                Step.Stay { command.replyTo.tell(ConversationReply.Done(seen(state))) }
            }

            is Verdict.Changed -> {
                val after = verdict.conversation.toKept()
                Step.Save(after, settings.keepFor) { command.replyTo.tell(ConversationReply.Done(after)) }
            }

            is Verdict.Deleted -> {
                Step.Forget { command.replyTo.tell(ConversationReply.Done(null)) }
            }

            is Verdict.Refused -> {
                Step.Stay { command.replyTo.tell(ConversationReply.Refused(verdict.refusal.name, seen(state))) }
            }
        }
    }

    private fun seen(state: KeptConversation?): KeptConversation? =
        state?.toConversation()?.readAt(settings.clock.instant(), settings.turnOpenMax)?.toKept()

    override fun onlyReads(command: ConversationCommand) = command is ConversationCommand.Load

    override fun refuse(command: ConversationCommand, failure: StateFailure) {
        // A store without room has none a moment later; of one that is away nobody knows.
        val reply = ConversationReply.Unavailable(failure.message.orEmpty(), isSettled = failure is StateFailure.Full)
        when (command) {
            is ConversationCommand.Load -> command.replyTo.tell(reply)
            is ConversationCommand.Change -> command.replyTo.tell(reply)
            is ConversationCommand.Sleep -> Unit
        }
    }
}
