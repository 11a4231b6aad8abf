package routercluster.grains.directory

import routercluster.grains.rootOf
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * The same reply, with what follows it run by the thread that brings it; so what follows does not wait for anything.
 *
 * Pekko answers with a stage of Scala's, which starts all that follows on the common pool. On a machine of two cores that pool has one
 * thread, and a JDK before 25 then starts a new thread for each reply: that takes longer than the question by a factor of forty.
 */
internal fun <R : Any> CompletionStage<R>.direct(): CompletionStage<R> {
    val reply = CompletableFuture<R>()
    // The copy is a stage of Java's own; it wraps failures, which those who ask want as they are.
    toCompletableFuture().copy().whenComplete { value, failure ->
        if (failure == null) reply.complete(value) else reply.completeExceptionally(rootOf(failure))
    }
    return reply
}
