package routercluster.grains.state

import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** What becomes of a call to the store. */
enum class Fate {
    DONE,

    /** It is not done, and said to be unavailable. */
    LOST,

    /** It is done, and said to be unavailable. */
    ANSWER_LOST,

    FULL,

    /** Done when the test says so. */
    HELD,
}

/** A store that does as the test says. [fate] is asked once for each call, by whichever thread calls. */
class ScriptedStateStore(
    private val inner: StateStore,
    override val isShared: Boolean = false,
    @Volatile var fate: (save: Boolean) -> Fate = { Fate.DONE },
) : StateStore by inner {
    private val held = LinkedBlockingQueue<() -> Unit>()

    override fun load(key: StateKey) = meet(save = false) { inner.load(key) }

    override fun revision(key: StateKey) = meet(save = false) { inner.revision(key) }

    override fun save(key: StateKey, expectedRevision: Long, bytes: ByteArray, expiresAfter: Duration?) =
        meet(save = true) { inner.save(key, expectedRevision, bytes, expiresAfter) }

    override fun delete(key: StateKey, expectedRevision: Long) = meet(save = true) { inner.delete(key, expectedRevision) }

    /** Waits for a call that is held, and lets it go. */
    fun release() = checkNotNull(held.poll(WAIT_SECONDS, TimeUnit.SECONDS)) { "no call to the store was held within $WAIT_SECONDS s" }()

    private fun <R> meet(save: Boolean, call: () -> CompletionStage<R>): CompletionStage<R> =
        when (fate(save)) {
            Fate.DONE -> call()
            Fate.LOST -> CompletableFuture.failedFuture(StateFailure.Unavailable("lost"))
            Fate.ANSWER_LOST -> call().thenCompose { CompletableFuture.failedFuture(StateFailure.Unavailable("its answer was lost")) }
            Fate.FULL -> CompletableFuture.failedFuture(StateFailure.Full("full"))
            Fate.HELD -> CompletableFuture<R>().also { answer -> held += { call().whenComplete { r, f -> answer.with(r, f) } } }
        }

    private fun <R> CompletableFuture<R>.with(result: R, failure: Throwable?) {
        if (failure == null) complete(result) else completeExceptionally(failure)
    }

    private companion object {
        const val WAIT_SECONDS = 10L
    }
}
