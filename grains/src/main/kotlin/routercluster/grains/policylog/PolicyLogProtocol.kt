package routercluster.grains.policylog

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.state.GrainStop
import routercluster.policy.versions.LoggedPolicy
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.VersionSource
import java.time.Instant

/** What the policy log's grain is told. */
sealed interface PolicyLogCommand {
    /** Make this the newest version, if that has the number [expected]. [policy]'s own number counts for nothing. */
    data class Propose(val policy: PolicyRecord, val expected: Long, val replyTo: ActorRef<ProposalReply>) :
        PolicyLogCommand,
        WireMessage

    /**
     * Tell the newest version.
     *
     * @property id chosen by the asker, and told again in the reply
     * @property known a number whose text the asker has; 0 for none
     */
    data class Read(val id: Long, val known: Long, val replyTo: ActorRef<ReadReply>) :
        PolicyLogCommand,
        WireMessage

    /** A node knows of this version, and the log does not: its store has lost it. */
    data class Restore(val policy: PolicyRecord) :
        PolicyLogCommand,
        WireMessage

    data object Sleep : PolicyLogCommand, GrainStop
}

/** What came of a [PolicyLogCommand.Propose]. */
sealed interface ProposalReply {
    /** @property policy the newest version, its text left out: the asker has it */
    data class Accepted(val policy: PolicyRecord) :
        ProposalReply,
        WireMessage

    data object Conflict : ProposalReply, WireMessage

    data class Refused(val reason: String) :
        ProposalReply,
        WireMessage

    /** Nobody knows. */
    data class Unavailable(val reason: String) :
        ProposalReply,
        WireMessage
}

/** What came of a [PolicyLogCommand.Read]. */
sealed interface ReadReply {
    val id: Long

    /**
     * @property number of the newest version; 0 where there is none
     * @property policy that version; null where it is not newer than the asker knows
     */
    data class Newest(override val id: Long, val number: Long, val policy: PolicyRecord?) :
        ReadReply,
        WireMessage

    data class Unavailable(override val id: Long, val reason: String) :
        ReadReply,
        WireMessage
}

/** Told to every node when there is a new version. */
data class PolicyAnnounced(val number: Long) : WireMessage

/** A version as it is written on the wire and in the store. */
data class PolicyRecord(
    val number: Long,
    val time: String,
    val revision: String,
    val source: VersionSource,
    val file: String,
    val bytes: Int,
    val hash: String,
    val manifests: Map<String, String>,
    val by: String,
    val text: String,
)

internal fun recordOf(number: Long, version: PolicyVersion, text: String, by: String) =
    PolicyRecord(
        number,
        version.time.toString(),
        version.revision,
        version.source,
        version.file,
        version.bytes,
        version.text,
        version.manifests,
        by,
        text,
    )

internal fun PolicyRecord.toVersion() = PolicyVersion(Instant.parse(time), revision, source, file, bytes, hash, manifests)

internal fun PolicyRecord.toPolicy() = LoggedPolicy(number, toVersion(), text, by)
