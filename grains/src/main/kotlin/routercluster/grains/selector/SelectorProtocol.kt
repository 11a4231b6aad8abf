package routercluster.grains.selector

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop

/** What a selector grain is told. */
sealed interface SelectorCommand {
    /**
     * Count [statistics] once, however often this comes. The answer is [SelectorReply.Counted], [SelectorReply.Early] or
     * [SelectorReply.NotCounted].
     *
     * @property node who counted them; with [incarnation] of this run of it and [sequence], from 1 without gaps, it names the batch
     */
    data class Count(
        val node: String,
        val incarnation: Long,
        val sequence: Long,
        val statistics: WireStatistics,
        val replyTo: ActorRef<SelectorReply>,
    ) : SelectorCommand,
        WireMessage

    /**
     * Count what somebody said, once by its [id]. The answer is [SelectorReply.Judged].
     *
     * @property identity a digest of who said it; null takes their word without bound
     * @property weightMax of all their verdicts on this model within the window, in thousandths
     * @property context what the request was like; null where no selector went by that, and from older nodes
     */
    data class Judge(
        val id: String,
        val model: String,
        val verdicts: WireSums,
        val atMillis: Long,
        val identity: String? = null,
        val weightMax: Long = 0,
        val context: WirePoint? = null,
        val replyTo: ActorRef<SelectorReply>,
    ) : SelectorCommand,
        WireMessage

    /**
     * As [Judge], of two models that were compared. Older nodes do not know it, so whoever asks hears nothing and tries again.
     *
     * @property pair of which only the slice is not looked at
     */
    data class Compare(
        val id: String,
        val pair: WirePair,
        val atMillis: Long,
        val identity: String? = null,
        val weightMax: Long = 0,
        val replyTo: ActorRef<SelectorReply>,
    ) : SelectorCommand,
        WireMessage

    /**
     * What is durable of what is known of [model] by itself, or of models compared with each other where it is null. The answer is
     * [SelectorReply.Learnt], or none where that cannot be read. One model at a time, so that a message stays small.
     */
    data class Tell(val model: String?, val replyTo: ActorRef<SelectorReply>) :
        SelectorCommand,
        WireMessage

    /**
     * Take over a part of an import, see [routercluster.policy.outcomes.file.ImportPart]. The answer is [SelectorReply.Judged].
     *
     * @property mode name of a [routercluster.policy.outcomes.file.ImportMode]; one that is not known is not kept
     */
    data class Import(
        val id: String,
        val mode: String,
        val model: String?,
        val statistics: WireStatistics,
        val replyTo: ActorRef<SelectorReply>,
    ) : SelectorCommand,
        WireMessage

    /** The answer is a [SelectorReply.Snapshot] of what is durable, or none where that cannot be read. */
    data class Current(val replyTo: ActorRef<SelectorReply>) :
        SelectorCommand,
        WireMessage

    /** Puts the grain to sleep. */
    data object Sleep : SelectorCommand, GrainStop
}

/** Nodes that want snapshots; told by the node's own receptionist. */
internal class NodesFound(val nodes: Set<ActorRef<SelectorReply>>) : SelectorCommand, NoSerializationVerificationNeeded

/** What a selector grain says. [key] is the grain's id. */
sealed interface SelectorReply : NodeMessage {
    val key: String

    /** The batch is durable. */
    data class Counted(override val key: String, val incarnation: Long, val sequence: Long) :
        SelectorReply,
        WireMessage

    /** Older batches of this incarnation are not known here any more: start a new one. */
    data class Early(override val key: String, val incarnation: Long, val sequence: Long) :
        SelectorReply,
        WireMessage

    /** The store is away; send the batch again. */
    data class NotCounted(override val key: String, val incarnation: Long, val sequence: Long) :
        SelectorReply,
        WireMessage

    /**
     * @property reason for people, where it was not kept
     * @property capped whether it was not kept because this identity has had all its weight; older nodes take it for any other reason
     */
    data class Judged(override val key: String, val verdict: JudgedAs, val reason: String? = null, val capped: Boolean = false) :
        SelectorReply,
        WireMessage

    /** @property models of which something is known by itself */
    data class Learnt(override val key: String, val models: List<String>, val statistics: WireStatistics) :
        SelectorReply,
        WireMessage

    /** Sums over the windows that end when it is made; their slices are all 0. */
    data class Snapshot(override val key: String, val statistics: WireStatistics) :
        SelectorReply,
        WireMessage
}

/** The cases of a judgement, as they are written on the wire. */
enum class JudgedAs { COUNTED, REPEATED, CONTRADICTS, NOT_KEPT }
