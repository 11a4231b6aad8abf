package routercluster.grains.directory

import org.apache.pekko.Done
import org.apache.pekko.actor.NoSerializationVerificationNeeded
import java.util.concurrent.CompletableFuture

/** What the keeper of the grains of one kind is told. */
internal sealed interface KeeperMessage<out M> : NoSerializationVerificationNeeded {
    class Deliver<M>(val id: String, val message: M) : KeeperMessage<M>

    class Count(val promise: CompletableFuture<Int>) : KeeperMessage<Nothing>

    /** Stops every grain, and completes [promise] when the last has ended what it had begun. */
    class StopAll(val promise: CompletableFuture<Done>) : KeeperMessage<Nothing>

    /** The grain has stopped. */
    class Gone(val id: String) : KeeperMessage<Nothing>

    data object Sweep : KeeperMessage<Nothing>
}
