package routercluster.grains.cacheledger

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import java.util.concurrent.CompletableFuture

/** What a node's follower of the ledger is told; nothing of it leaves the node. */
sealed interface FollowerCommand : NoSerializationVerificationNeeded {
    /** Completes [promise] when a read that began after this has come to its end. */
    class Ask(val promise: CompletableFuture<Unit>) : FollowerCommand

    data object Look : FollowerCommand

    /** @property failure null where the read succeeded */
    class Done(val failure: Throwable?) : FollowerCommand
}
