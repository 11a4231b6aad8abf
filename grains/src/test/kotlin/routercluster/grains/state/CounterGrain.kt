package routercluster.grains.state

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import java.time.Duration

/** An example of a kept grain: a number that grows. */
sealed interface Counter {
    data class Add(val number: Int, val replyTo: ActorRef<CounterReply>) : Counter

    data class Read(val replyTo: ActorRef<CounterReply>) : Counter

    data class Clear(val replyTo: ActorRef<CounterReply>) : Counter

    data object Sleep : Counter, GrainStop
}

sealed interface CounterReply {
    data class Now(val number: Int) : CounterReply

    data class Refused(val reason: String) : CounterReply
}

data class CounterState(val number: Int)

val counterCodec = StateCodec(CounterState::class.java, format = 1)

fun counter(id: String, store: StateStore, saveEvery: Duration = Duration.ZERO): Behavior<Counter> =
    kept(StateKey("counter", id), store, counterCodec, saveEvery) { CounterGrain() }

private class CounterGrain : KeptGrain<Counter, CounterState> {
    override fun decide(state: CounterState?, command: Counter): Step<CounterState> =
        when (command) {
            is Counter.Add -> add(state?.number ?: 0, command)
            is Counter.Read -> Step.Stay { command.replyTo.tell(CounterReply.Now(state?.number ?: 0)) }
            is Counter.Clear -> Step.Forget { command.replyTo.tell(CounterReply.Now(0)) }
            is Counter.Sleep -> Step.Stay {}
        }

    private fun add(before: Int, command: Counter.Add): Step<CounterState> {
        val after = CounterState(before + command.number)
        return Step.Save(after, expiresAfter = null) { command.replyTo.tell(CounterReply.Now(after.number)) }
    }

    override fun onlyReads(command: Counter) = command is Counter.Read

    override fun refuse(command: Counter, failure: StateFailure) {
        val refused = CounterReply.Refused(failure.javaClass.simpleName)
        when (command) {
            is Counter.Add -> command.replyTo.tell(refused)
            is Counter.Read -> command.replyTo.tell(refused)
            is Counter.Clear -> command.replyTo.tell(refused)
            is Counter.Sleep -> Unit
        }
    }
}
