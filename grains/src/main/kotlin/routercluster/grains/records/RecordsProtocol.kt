package routercluster.grains.records

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.grains.WireMessage
import routercluster.grains.selector.WireSums

/** What the actor of a node's decision records is told. */
sealed interface RecordsMessage {
    /** Tell whether this node has the record of the request [id]. */
    data class Find(val id: String, val replyTo: ActorRef<RecordFound>) :
        RecordsMessage,
        WireMessage

    /** Whoever has the record of one of these notes what was said of its answer. Older nodes do not know it. */
    data class Judged(val verdicts: List<JudgedRecord>) :
        RecordsMessage,
        WireMessage
}

/** What was said of the answer to the request [id]. */
data class JudgedRecord(val id: String, val sums: WireSums)

/** Told by the node itself, to be passed on. */
internal class JudgedHere(val verdict: JudgedRecord) : RecordsMessage, NoSerializationVerificationNeeded

internal data object PassOn : RecordsMessage, NoSerializationVerificationNeeded

internal class OthersFound(val others: Set<ActorRef<RecordsMessage>>) : RecordsMessage, NoSerializationVerificationNeeded

/** @property record as JSON, as the admin API shows it; null where the node does not have it */
data class RecordFound(val record: String?) : WireMessage

/** Under this key nodes that have decision records are found. */
internal val recordsNodes: ServiceKey<RecordsMessage> = ServiceKey.create(RecordsMessage::class.java, "records-nodes")

/** The name of the actor on its node. */
const val RECORDS_NODE = "records-node"
