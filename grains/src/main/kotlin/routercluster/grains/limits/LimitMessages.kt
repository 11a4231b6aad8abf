package routercluster.grains.limits

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop
import routercluster.policy.limits.LeaseReply
import routercluster.policy.limits.Pace
import routercluster.policy.limits.Sync

/** What the grain of one count is told. */
sealed interface LimitMessage {
    /** [pace] as the asking node's policy has it: the newest that was told counts. */
    data class Ask(val pace: Pace, val sync: Sync, val replyTo: ActorRef<LimitReply>) :
        LimitMessage,
        WireMessage

    data object Stop : LimitMessage, GrainStop
}

/** What came of a [LimitMessage.Ask]. */
sealed interface LimitReply {
    data class Leased(val lease: LeaseReply) :
        LimitReply,
        WireMessage

    /** It is not known whether it was done, or it was not: the store is away. */
    data class Away(val reason: String) :
        LimitReply,
        WireMessage
}
