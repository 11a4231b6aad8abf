package routercluster.grains.directory

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.PostStop
import org.apache.pekko.actor.typed.javadsl.Behaviors
import routercluster.grains.WireMessage
import java.time.Duration

/** What the grain of these tests is told. */
internal sealed interface Counter : WireMessage {
    /** Adds one and replies with the sum. */
    data class Add(val replyTo: ActorRef<Sum>) : Counter

    data class Never(val replyTo: ActorRef<Sum>) : Counter

    data object Fail : Counter

    data object Stop : Counter

    /** From the grain to itself: what it had to end before it stops is done. */
    data object Ended : Counter
}

internal data class Sum(val id: String, val value: Int) : WireMessage

/** The grains' sums as a store keeps them, and their sleep as tests see it. */
internal interface CounterWorld {
    /** Returns the new sum. */
    fun add(id: String): Int

    fun slept(id: String)
}

internal fun counterKind(world: CounterWorld, activeMax: Int = 1_000, idleAfter: Duration = Duration.ofMinutes(1)) =
    GrainKind("counter", Counter::class.java, Counter.Stop, activeMax, idleAfter) { counter(it, world) }

/** Stops in two steps, so that messages come while it is stopping. */
private fun counter(id: String, world: CounterWorld): Behavior<Counter> =
    Behaviors.setup { context ->
        Behaviors
            .receive(Counter::class.java)
            .onAnyMessage { message ->
                when (message) {
                    is Counter.Add -> {
                        message.replyTo.tell(Sum(id, world.add(id)))
                        Behaviors.same()
                    }

                    is Counter.Never -> {
                        Behaviors.same()
                    }

                    is Counter.Fail -> {
                        error("told to fail")
                    }

                    is Counter.Stop -> {
                        context.self.tell(Counter.Ended)
                        Behaviors.same()
                    }

                    is Counter.Ended -> {
                        Behaviors.stopped()
                    }
                }
            }.onSignal(PostStop::class.java) {
                world.slept(id)
                Behaviors.same()
            }.build()
    }
