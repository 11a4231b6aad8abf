package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.Encoder
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * The cluster's workers as one encoder.
 *
 * @param dispatcher of this node, made by [dispatcher]
 * @param heads what the workers offer, which all of them load from the same folders
 */
class ClusterEncoder(private val dispatcher: ActorRef<DispatchCommand>, override val heads: Map<HeadRef, Head>) : Encoder {
    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> {
        val characters = request.passages.sumOf { it.text.length.toLong() + (it.pair?.length ?: 0) }
        if (characters > CHARACTERS_MAX) {
            return CompletableFuture.failedFuture(
                EncodeFailure.Refused("$characters characters in one request to the cluster's workers, at most $CHARACTERS_MAX"),
            )
        }
        val promise = CompletableFuture<EncodeReply>()
        dispatcher.tell(Dispatch(request, promise))
        return promise
    }

    companion object {
        /** So that a message stays below the bound on large frames, with at most three bytes a character. */
        const val CHARACTERS_MAX = 2L * 1024 * 1024
    }
}
