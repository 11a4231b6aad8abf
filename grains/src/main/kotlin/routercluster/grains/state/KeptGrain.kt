package routercluster.grains.state

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import java.time.Duration

/**
 * A grain that keeps a state: plain decisions, around which [kept] loads and saves. [C] is what it is told, [S] its state, immutable.
 * All functions run on the grain's own thread, one at a time.
 */
interface KeptGrain<C : Any, S : Any> {
    /**
     * What [command] does to [state], null where nothing is kept. It must be harmless when it comes twice: a caller whose reply was lost
     * says it again. Nothing that others see may happen here, only in the reply of the [Step]: what is decided may never be kept.
     */
    fun decide(state: S?, command: C): Step<S>

    /**
     * True for a command that only reads: it is decided at once, on the last state that is known to be durable, also while the store is
     * away. Its [Step] is a [Step.Stay].
     */
    fun onlyReads(command: C): Boolean = false

    /** Tells the one who asked that [command] has not happened or, after [StateFailure.Unavailable], that nobody knows. */
    fun refuse(command: C, failure: StateFailure)

    /** [state] is what the store holds: after each load of another state than was known, and each save. */
    fun durable(state: S?) = Unit
}

/** What a [KeptGrain] does about a command. */
sealed interface Step<out S : Any> {
    /** Run when all that the decision rests on is durable. */
    val reply: () -> Unit

    class Stay(override val reply: () -> Unit) : Step<Nothing>

    /** @property expiresAfter how long [state] is kept unless it is saved again; null for ever */
    class Save<S : Any>(val state: S, val expiresAfter: Duration?, override val reply: () -> Unit) : Step<S>

    class Forget(override val reply: () -> Unit) : Step<Nothing>
}

/** Marks the command by which a directory puts a grain to sleep: it stops when nothing is on its way to the store. */
interface GrainStop : NoSerializationVerificationNeeded
