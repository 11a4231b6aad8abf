package routercluster.grains.directory

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.Behaviors
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeoutException

/**
 * Name of the actor that asks for what may be larger than an ordinary message between nodes. Which lane a message takes is decided by the path
 * of whom it is for (`large-message-destinations` in `reference.conf`), and Pekko's own asks all have paths of one kind.
 */
internal const val LARGE_ASKS = "large-asks"

/**
 * One question. [promise] fails with a [TimeoutException] where no reply came within [timeout].
 *
 * @property send asks, and has the reply come to the reference that it is handed
 */
internal class LargeAsk<R : Any>(
    val timeout: Duration,
    val promise: CompletableFuture<R>,
    val send: (ActorRef<R>) -> Unit,
) : NoSerializationVerificationNeeded

/** Asks each question from a child of its own. */
internal fun largeAsks(): Behavior<LargeAsk<*>> =
    Behaviors.setup { context ->
        Behaviors.receiveMessage { ask ->
            context.spawnAnonymous(question(ask))
            Behaviors.same()
        }
    }

private fun <R : Any> question(ask: LargeAsk<R>): Behavior<Any> =
    Behaviors.setup { context ->
        context.setReceiveTimeout(ask.timeout, Unanswered)
        ask.send(context.self.narrow())
        Behaviors
            .receive(Any::class.java)
            .onAnyMessage { reply ->
                // Nobody else knows this actor, so whatever else comes is the reply.
                @Suppress("UNCHECKED_CAST")
                if (reply === Unanswered) ask.fail("no reply within ${ask.timeout.toMillis()} ms") else ask.promise.complete(reply as R)
                Behaviors.stopped()
            }.onSignal(PostStop::class.java) {
                ask.fail("this node is stopping")
                Behaviors.same()
            }.build()
    }

private fun LargeAsk<*>.fail(reason: String) = promise.completeExceptionally(TimeoutException(reason))

private data object Unanswered : NoSerializationVerificationNeeded
