package routercluster.grains.policylog

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.versions.LoggedPolicy
import java.util.concurrent.CompletableFuture

/** What a node's client of the policy log is told; nothing of it leaves the node. */
internal sealed interface ClientCommand {
    /** Completes [promise] with the newest version, as the grain knows it after this. */
    class Ask(val promise: CompletableFuture<LoggedPolicy?>) : ClientCommand

    class Watch(val watcher: (LoggedPolicy) -> Unit) : ClientCommand

    class Unwatch(val watcher: (LoggedPolicy) -> Unit) : ClientCommand

    class Announced(val number: Long) : ClientCommand

    class Replied(val reply: ReadReply) : ClientCommand

    data class Unanswered(val id: Long) : ClientCommand

    data object Look : ClientCommand
}

/** A node's own end of the log. */
internal fun ActorRef<ClientCommand>.ask(): CompletableFuture<LoggedPolicy?> =
    CompletableFuture<LoggedPolicy?>().also { tell(ClientCommand.Ask(it)) }
