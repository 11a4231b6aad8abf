package routercluster.grains.directory

import org.apache.pekko.actor.typed.ActorRef
import java.time.Duration
import java.util.concurrent.CompletionStage

/**
 * Finds the grains of one kind by id, wherever they live, and wakes those that are asleep. [M] is what they are told. Safe for use
 * by many threads.
 */
interface GrainDirectory<M : Any> {
    /** Arrives at most once. */
    fun tell(id: String, message: M)

    /**
     * Fails with [java.util.concurrent.TimeoutException] where no reply came within [timeout]; the grain may have done all the same what it
     * was asked, so a message whose effect must not happen twice carries an id of its own. What follows the reply may run on the thread that
     * brings it, so it waits for nothing.
     *
     * @param make the message, which replies to the reference that it is handed
     */
    fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R>
}

/** @throws IllegalArgumentException for an empty id, which no grain can have */
internal fun checkedId(id: String): String = id.also { require(it.isNotEmpty()) { "a grain's id has at least one character" } }
