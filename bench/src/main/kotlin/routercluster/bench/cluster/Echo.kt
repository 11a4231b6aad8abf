package routercluster.bench.cluster

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.javadsl.Behaviors
import routercluster.grains.WireMessage
import routercluster.grains.directory.GrainKind

/** What the grain that only answers is told. */
sealed interface EchoCommand : WireMessage {
    /** About as long as a small question between nodes. */
    data class Ask(val text: String, val replyTo: ActorRef<EchoReply>) : EchoCommand

    data object Stop : EchoCommand
}

/** @property node where the grain lives */
data class EchoReply(val node: String) : WireMessage

/** @param node where this kind is hosted */
fun echoKind(node: String): GrainKind<EchoCommand> =
    GrainKind("bench-echo", EchoCommand::class.java, EchoCommand.Stop, activeMax = GRAINS_MAX) {
        Behaviors.receiveMessage { command ->
            when (command) {
                is EchoCommand.Ask -> {
                    command.replyTo.tell(EchoReply(node))
                    Behaviors.same()
                }

                is EchoCommand.Stop -> {
                    Behaviors.stopped()
                }
            }
        }
    }

/** More than any measurement wakes. */
private const val GRAINS_MAX = 2_000_000
