package routercluster.gateway.encode.remote

import routercluster.policy.encode.EncodeFailure
import java.util.concurrent.CompletableFuture

/** At most [running] calls at once; up to [WAITING_MAX] more wait for their turn, in order. Thread-safe. */
internal class CallLimit(private val running: Int) {
    private class Waiting<T>(val call: () -> CompletableFuture<T>) {
        val answer = CompletableFuture<T>()

        /** Returns what runs, or null where nobody waits for it any more. */
        fun start(): CompletableFuture<T>? {
            if (answer.isDone) return null
            val begun =
                try {
                    call()
                } catch (failure: EncodeFailure) {
                    CompletableFuture.failedFuture(failure)
                }
            begun.whenComplete { value, failure -> if (failure == null) answer.complete(value) else answer.completeExceptionally(failure) }
            answer.whenComplete { _, _ -> if (answer.isCancelled) begun.cancel(true) }
            return begun
        }
    }

    private val queue = ArrayDeque<Waiting<*>>()
    private var begun = 0

    /** Runs [call] in its turn. Cancelling what is returned cancels it, or takes it out of the queue. */
    fun <T> run(call: () -> CompletableFuture<T>): CompletableFuture<T> {
        val next = Waiting(call)
        synchronized(this) {
            if (begun >= running) {
                if (queue.size >= WAITING_MAX) queue.removeAll { it.answer.isDone }
                if (queue.size >= WAITING_MAX) throw EncodeFailure.Overloaded("$WAITING_MAX calls wait already")
                queue.addLast(next)
                return next.answer
            }
            begun++
        }
        proceed(next)
        return next.answer
    }

    /** Runs [first], which has a place, and after it whatever waits. */
    private fun proceed(first: Waiting<*>) {
        var next: Waiting<*>? = first
        while (next != null) {
            val answer = next.start()
            if (answer != null) {
                answer.whenComplete { _, _ -> follow()?.let(::proceed) }
                return
            }
            next = follow()
        }
    }

    /** The next that waits takes over a place, or the place is free again. */
    private fun follow(): Waiting<*>? =
        synchronized(this) {
            queue.removeFirstOrNull().also { if (it == null) begun-- }
        }

    companion object {
        const val WAITING_MAX = 256
    }
}
