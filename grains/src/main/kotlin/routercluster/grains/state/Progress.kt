package routercluster.grains.state

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import routercluster.grains.rootOf
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** What the store is known to hold; revision 0 and null where nothing is kept. */
internal class Version<S : Any>(val revision: Long, val state: S?)

/** A command whose reply waits. */
internal class Held<C : Any>(val command: C, val reply: () -> Unit)

/** A state that goes to the store, null to be forgotten, and what waits for it. */
internal class Batch<C : Any, S : Any>(val state: S?, val expiresAfter: Duration?, val held: MutableList<Held<C>>)

/**
 * How far a loaded grain is.
 *
 * @property saving is on its way to the store
 * @property next goes when that has arrived
 * @property resting until the next save is due
 */
internal data class Progress<C : Any, S : Any>(
    val durable: Version<S>,
    val saving: Batch<C, S>? = null,
    val next: Batch<C, S>? = null,
    val resting: Boolean = false,
    val stopping: Boolean = false,
) {
    val batches: List<Batch<C, S>> get() = listOfNotNull(saving, next)

    /** The newest state, which the next decision rests on. */
    val state: S? get() = batches.lastOrNull().let { if (it == null) durable.state else it.state }

    /** Commands that wait. */
    val held: Int get() = (saving?.held?.size ?: 0) + (next?.held?.size ?: 0)

    /** After a decision on [state]. */
    fun with(command: C, step: Step<S>): Progress<C, S> =
        when (step) {
            is Step.Stay -> also { afterNewest(Held(command, step.reply)) }
            is Step.Save -> copy(next = Batch(step.state, step.expiresAfter, heldWith(Held(command, step.reply))))
            is Step.Forget -> copy(next = Batch(null, null, heldWith(Held(command, step.reply))))
        }

    private fun afterNewest(one: Held<C>) {
        val newest = batches.lastOrNull()
        if (newest == null) one.reply() else newest.held += one
    }

    private fun heldWith(one: Held<C>): MutableList<Held<C>> = (next?.held ?: mutableListOf()).apply { add(one) }
}

/** The grain's own part of the store. */
internal class StateSlot<S : Any>(private val key: StateKey, private val store: StateStore, private val codec: StateCodec<S>) {
    /** Whether others may save it too. */
    val isShared: Boolean get() = store.isShared

    /** @param known is told again where it still is what the store holds */
    fun load(known: Version<S>? = null): CompletionStage<Version<S>> =
        if (known == null) {
            store.load(key).thenApply { stored -> Version(stored?.revision ?: 0, stored?.let { codec.decode(it.bytes) }) }
        } else {
            store.revision(key).thenCompose { if (it == known.revision) CompletableFuture.completedFuture(known) else load() }
        }

    /** Tells the new revision: 0 where [state] is null and so forgotten. */
    fun save(revision: Long, state: S?, expiresAfter: Duration?): CompletionStage<Long> =
        if (state == null) store.delete(key, revision).thenApply { 0L } else store.save(key, revision, codec.encode(state), expiresAfter)
}

/** What the store tells a grain. */
internal sealed interface StoreEvent : NoSerializationVerificationNeeded {
    class Loaded<S : Any>(val version: Version<S>) : StoreEvent

    class Saved(val revision: Long) : StoreEvent

    class Failed(val failure: StateFailure) : StoreEvent

    /** The rest after a save is over. */
    data object Rested : StoreEvent

    companion object {
        fun failed(failure: Throwable): Failed {
            val cause = rootOf(failure)
            return Failed(cause as? StateFailure ?: StateFailure.Unavailable("the store failed", cause))
        }
    }
}
