package routercluster.grains.state

import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.ActorContext
import org.apache.pekko.actor.typed.javadsl.Behaviors
import java.time.Duration

/** Commands that one grain holds while the store is at work; one more is refused with [StateFailure.Unavailable]. */
const val COMMANDS_HELD_MAX = 10_000

/**
 * The behaviour of a grain whose state is kept in [store] under [key].
 *
 * It loads when it starts. Decisions go on while a save is on its way: each rests on those before it, its reply waits until that is
 * durable, and all that were made meanwhile are kept by the next save. So there is one save at a time, however many commands come.
 *
 * - A save failed as [StateFailure.Unavailable]: nobody knows whether it was kept. All that waits is refused, and the state loaded again.
 * - As [StateFailure.Full]: all that waits is refused, and the state is what it was.
 * - As [StateFailure.Stale]: somebody else keeps this state. All that waits is refused, and the grain stops; the next to wake loads.
 * - A load failed: what waits is refused, and each further command is a new attempt. Reads are served where a state is known from before.
 *
 * A save is what finds out that somebody else keeps this state. So in a store that all nodes share, what is answered without one is first
 * compared with the store: the grain may have a double, or may have been given up and held, and its double saved meanwhile.
 *
 * @param saveEvery least time from one save to the next, for states that change often; replies wait for it
 * @param grain made when the actor starts; what it tells itself goes to the context's `self`
 */
fun <C : Any, S : Any> kept(
    key: StateKey,
    store: StateStore,
    codec: StateCodec<S>,
    saveEvery: Duration = Duration.ZERO,
    grain: (context: ActorContext<Any>) -> KeptGrain<C, S>,
): Behavior<C> =
    Behaviors.setup<Any> { context -> Keeping(context, StateSlot(key, store, codec), saveEvery, grain(context)).load(null) }.narrow()

/** Commands as they come in. The actor is told nothing but them and its own [StoreEvent]s. */
@Suppress("UNCHECKED_CAST")
private fun <C : Any> commandOf(message: Any) = message as C

private class Keeping<C : Any, S : Any>(
    private val context: ActorContext<Any>,
    private val slot: StateSlot<S>,
    private val saveEvery: Duration,
    private val grain: KeptGrain<C, S>,
) {
    /** @param old what was known before; null where nothing was */
    fun load(old: Version<S>?, waiting: MutableList<C> = mutableListOf(), stopping: Boolean = false): Behavior<Any> {
        context.pipeToSelf(slot.load(old)) { version, failure ->
            if (failure ==
                null
            ) {
                StoreEvent.Loaded(version)
            } else {
                StoreEvent.failed(failure)
            }
        }
        return loading(old, waiting, stopping)
    }

    private fun loading(old: Version<S>?, waiting: MutableList<C>, stopping: Boolean): Behavior<Any> =
        Behaviors.receiveMessage { message ->
            when (message) {
                is StoreEvent.Loaded<*> -> loaded(message, old, waiting, stopping)
                is StoreEvent.Failed -> loadFailed(message.failure, old, waiting, stopping)
                is StoreEvent -> Behaviors.same()
                is GrainStop -> loading(old, waiting, stopping = true)
                else -> waitForLoad(commandOf(message), old, waiting)
            }
        }

    private fun waitForLoad(command: C, old: Version<S>?, waiting: MutableList<C>): Behavior<Any> {
        when {
            old != null && isReadAtOnce(command) -> read(command, old)
            waiting.size >= COMMANDS_HELD_MAX -> refuseOneMore(command)
            else -> waiting += command
        }
        return Behaviors.same()
    }

    private fun loaded(event: StoreEvent.Loaded<*>, old: Version<S>?, waiting: List<C>, stopping: Boolean): Behavior<Any> {
        // This grain's own slot has read it.
        @Suppress("UNCHECKED_CAST")
        val version = event.version as Version<S>
        if (version !== old) grain.durable(version.state)
        return goOn(waiting.fold(Progress(version, stopping = stopping), ::decide))
    }

    private fun loadFailed(failure: StateFailure, old: Version<S>?, waiting: List<C>, stopping: Boolean): Behavior<Any> {
        waiting.forEach { if (old != null && grain.onlyReads(it)) read(it, old) else grain.refuse(it, failure) }
        return if (stopping) Behaviors.stopped() else unloaded(old)
    }

    private fun unloaded(old: Version<S>?): Behavior<Any> =
        Behaviors.receiveMessage { message ->
            when (message) {
                is StoreEvent -> Behaviors.same()
                is GrainStop -> Behaviors.stopped()
                else -> loadFor(commandOf(message), old)
            }
        }

    private fun loadFor(command: C, old: Version<S>?): Behavior<Any> {
        val served = old != null && isReadAtOnce(command)
        if (served) read(command, old)
        return load(old, if (served) mutableListOf() else mutableListOf(command))
    }

    private fun open(progress: Progress<C, S>): Behavior<Any> =
        Behaviors.receiveMessage { message ->
            when (message) {
                is StoreEvent.Saved -> saved(progress, message.revision)
                is StoreEvent.Failed -> saveFailed(progress, message.failure)
                is StoreEvent.Rested -> goOn(progress.copy(resting = false))
                is StoreEvent -> Behaviors.same()
                is GrainStop -> goOn(progress.copy(stopping = true))
                else -> take(progress, commandOf(message))
            }
        }

    private fun take(progress: Progress<C, S>, command: C): Behavior<Any> {
        if (!slot.isShared || progress.batches.isNotEmpty()) return goOn(decide(progress, command))
        val step = grain.decide(progress.state, command)
        return if (step is Step.Stay) {
            load(
                progress.durable,
                mutableListOf(command),
                progress.stopping,
            )
        } else {
            goOn(progress.with(command, step))
        }
    }

    /** Where a save is on its way that will tell, what else is to be said waits for it. */
    private fun decide(progress: Progress<C, S>, command: C): Progress<C, S> {
        when {
            grain.onlyReads(command) && (!slot.isShared || progress.batches.isEmpty()) -> read(command, progress.durable)
            progress.held >= COMMANDS_HELD_MAX -> refuseOneMore(command)
            else -> return progress.with(command, grain.decide(progress.state, command))
        }
        return progress
    }

    /** Saves what is due. */
    private fun goOn(progress: Progress<C, S>): Behavior<Any> {
        if (progress.saving != null) return open(progress)
        val due = progress.next ?: return if (progress.stopping) Behaviors.stopped() else open(progress)
        if (progress.resting && !progress.stopping) return open(progress)
        context.pipeToSelf(slot.save(progress.durable.revision, due.state, due.expiresAfter)) { revision, failure ->
            if (failure == null) StoreEvent.Saved(revision) else StoreEvent.failed(failure)
        }
        return open(progress.copy(saving = due, next = null))
    }

    private fun saved(progress: Progress<C, S>, revision: Long): Behavior<Any> {
        val saved = progress.saving ?: return Behaviors.same()
        grain.durable(saved.state)
        saved.held.forEach { it.reply() }
        if (!saveEvery.isZero) context.scheduleOnce(saveEvery, context.self, StoreEvent.Rested)
        return goOn(progress.copy(durable = Version(revision, saved.state), saving = null, resting = !saveEvery.isZero))
    }

    private fun saveFailed(progress: Progress<C, S>, failure: StateFailure): Behavior<Any> {
        progress.batches.flatMap { it.held }.forEach { grain.refuse(it.command, failure) }
        return when (failure) {
            is StateFailure.Stale -> Behaviors.stopped()
            is StateFailure.Full -> goOn(Progress(progress.durable, stopping = progress.stopping))
            is StateFailure.Unavailable, is StateFailure.Unreadable -> load(progress.durable, stopping = progress.stopping)
        }
    }

    private fun isReadAtOnce(command: C) = !slot.isShared && grain.onlyReads(command)

    private fun read(command: C, known: Version<S>) = grain.decide(known.state, command).reply()

    private fun refuseOneMore(command: C) =
        grain.refuse(command, StateFailure.Unavailable("the grain waits for the store with $COMMANDS_HELD_MAX commands already"))
}
