package routercluster.grains.learnt

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop

/** What the grain is told that puts together what nodes learn of one decision's hits. */
sealed interface LearntCommand {
    /**
     * Add [news], a [routercluster.policy.cache.HitLearnerState], once, and tell all that is known then.
     *
     * @property sender a run of a node, whose news come with a growing [number]
     */
    class Share(val sender: String, val number: Long, val news: ByteArray, val replyTo: ActorRef<LearntReply>) :
        LearntCommand,
        WireMessage

    data object Sleep : LearntCommand, GrainStop
}

/** What came of a [LearntCommand.Share]. */
sealed interface LearntReply {
    /** The news are durable. */
    class Told(val learnt: ByteArray) :
        LearntReply,
        WireMessage

    /** Nobody knows whether they are. */
    data class Unavailable(val reason: String) :
        LearntReply,
        WireMessage
}

/**
 * What is kept of a decision's hits.
 *
 * @property learnt a [routercluster.policy.cache.HitLearnerState]
 * @property heard of senders, those that spoke last at the end; at most [SENDERS_MAX]
 */
class KeptLearnt(val learnt: ByteArray, val heard: List<HeardSender>)

/** @property number of the newest news that were added */
data class HeardSender(val sender: String, val number: Long)

/** Of one that was not heard of for so many others, news that come twice would count twice. */
internal const val SENDERS_MAX = 200
