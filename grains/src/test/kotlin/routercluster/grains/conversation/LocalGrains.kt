package routercluster.grains.conversation

import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.apache.pekko.actor.typed.javadsl.Behaviors
import routercluster.grains.directory.GrainDirectory
import java.time.Duration
import java.util.concurrent.CompletionStage

/** Grains of one system. One that stopped is woken by the next message, as a cluster does it. */
class LocalGrains(private val kit: ActorTestKit, settings: ConversationSettings) : GrainDirectory<ConversationCommand> {
    private val parent = kit.spawn(parent(settings))

    override fun tell(id: String, message: ConversationCommand) = parent.tell(Envelope.Message(id, message))

    override fun <R : Any> ask(id: String, timeout: Duration, make: (ActorRef<R>) -> ConversationCommand): CompletionStage<R> =
        AskPattern.ask(parent, { replyTo: ActorRef<R> -> Envelope.Message(id, make(replyTo)) }, timeout, kit.scheduler())

    /** As if the node of the grain were cut off: another wakes, while the first is still there. */
    fun double(id: String) = parent.tell(Envelope.Double(id))
}

private sealed interface Envelope {
    class Message(val id: String, val message: ConversationCommand) : Envelope

    class Double(val id: String) : Envelope
}

private fun parent(settings: ConversationSettings): Behavior<Envelope> =
    Behaviors.setup { context ->
        val incarnations = mutableMapOf<String, Int>()
        Behaviors.receiveMessage { envelope ->
            when (envelope) {
                is Envelope.Message -> grain(context, envelope.id, incarnations[envelope.id] ?: 0, settings).tell(envelope.message)
                is Envelope.Double -> incarnations.merge(envelope.id, 1, Int::plus)
            }
            Behaviors.same()
        }
    }

private fun grain(
    context: ActorContext<Envelope>,
    id: String,
    incarnation: Int,
    settings: ConversationSettings,
): ActorRef<ConversationCommand> {
    val name = "$id-$incarnation"
    val awake = context.getChild(name)
    return if (awake.isPresent) awake.get().unsafeUpcast() else context.spawn(conversation(id, settings), name)
}
