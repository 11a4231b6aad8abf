package routercluster.grains.limits

import routercluster.grains.directory.GrainDirectory
import routercluster.policy.limits.LeaseReply
import routercluster.policy.limits.LimitAuthority
import routercluster.policy.limits.Pace
import routercluster.policy.limits.Sync
import java.time.Duration
import java.util.concurrent.CompletionStage

/** The counts that grains keep. */
class GrainAuthority(private val grains: GrainDirectory<LimitMessage>, private val timeout: Duration = TIMEOUT) : LimitAuthority {
    override fun sync(counter: String, pace: Pace, sync: Sync): CompletionStage<LeaseReply> =
        grains.ask<LimitReply>(counter, timeout) { LimitMessage.Ask(pace, sync, it) }.thenApply { reply ->
            when (reply) {
                is LimitReply.Leased -> reply.lease
                is LimitReply.Away -> throw AuthorityAway(reply.reason)
            }
        }

    companion object {
        /** A client waits as long for an answer; asked again is soon enough. */
        val TIMEOUT: Duration = Duration.ofSeconds(2)
    }
}

/** The grain was there, but what it keeps was not. */
class AuthorityAway(reason: String) : RuntimeException("the count is not known: $reason")
