package routercluster.grains.learnt

import routercluster.grains.directory.GrainDirectory
import routercluster.policy.cache.HitLearnerState
import routercluster.policy.cache.LearntSharing
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletionStage
import java.util.concurrent.TimeUnit

/**
 * What nodes learn of hits, put together by a grain for each decision.
 *
 * @param directory of the grains of [learntKind]
 * @param sender names this run of this node
 * @param timeout longest wait for the grain's answer
 */
class GrainLearntSharing(
    private val directory: GrainDirectory<LearntCommand>,
    private val sender: String,
    private val timeout: Duration = Duration.ofSeconds(10),
) : LearntSharing {
    override fun share(name: String, number: Long, news: HitLearnerState): CompletionStage<HitLearnerState> =
        directory
            .ask<LearntReply>(name, timeout) { LearntCommand.Share(sender, number, news.toBytes(), it) }
            .toCompletableFuture()
            // A node whose actors have ended keeps no time for its questions.
            .orTimeout(timeout.plus(LOST_AFTER).toMillis(), TimeUnit.MILLISECONDS)
            .thenApplyAsync { reply ->
                when (reply) {
                    is LearntReply.Told -> HitLearnerState.fromBytes(reply.learnt)
                        ?: throw IOException("what was learnt cannot be read here")

                    is LearntReply.Unavailable -> throw IOException(reply.reason)
                }
            }

    private companion object {
        val LOST_AFTER: Duration = Duration.ofSeconds(1)
    }
}
