package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.EncodeReply
import routercluster.policy.encode.EncodeRequest
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.OpenEncoder
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * The cluster's workers that offer one encoder, as that encoder.
 *
 * @param dispatcher of this node
 * @param heads as a worker described them
 * @param workers all that the dispatcher knows of
 */
internal class ClusterEncoder(
    private val dispatcher: ActorRef<DispatchCommand>,
    private val id: EncoderId,
    override val heads: Map<HeadRef, Head>,
    private val workers: () -> List<WorkerFacts>,
) : OpenEncoder {
    @Volatile
    private var isClosed = false

    override val status: EncoderStatus
        get() {
            val own = workers().filter { it.encoder == id }
            val devices = own.groupingBy { it.device }.eachCount()
            return EncoderStatus(
                version = id.version,
                device = devices.entries.joinToString(
                    prefix = "${own.size} ${if (own.size == 1) "worker" else "workers"} of the cluster: ",
                ) { (device, count) -> "$count $device" },
                fellBack = own.any { it.fellBack },
                isReady = !isClosed && own.any { it.isReady && !it.isResting },
                queuedTokens = own.sumOf { it.queuedTokens },
                predictedWait = Duration.ofNanos((own.minOfOrNull { it.predictedWaitMicros } ?: 0) * NANOS_PER_MICRO),
            )
        }

    override fun encode(request: EncodeRequest): CompletionStage<EncodeReply> {
        if (isClosed) return CompletableFuture.failedFuture(EncodeFailure.Unavailable("encoder ${id.name} was closed"))
        val characters = request.characters
        if (characters > CHARACTERS_MAX) {
            return CompletableFuture.failedFuture(
                EncodeFailure.Refused("$characters characters in one request to the cluster's workers, at most $CHARACTERS_MAX"),
            )
        }
        val promise = CompletableFuture<EncodeReply>()
        dispatcher.tell(Dispatch(id, request, promise))
        return promise
    }

    /** The workers are the cluster's and stay. */
    override fun close() {
        isClosed = true
    }

    companion object {
        /** So that a message stays below the bound on large frames, with at most three bytes a character. */
        const val CHARACTERS_MAX = 2L * 1024 * 1024
    }
}

internal val EncodeRequest.characters: Long get() = passages.sumOf { it.text.length.toLong() + (it.pair?.length ?: 0) }
