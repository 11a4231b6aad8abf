package routercluster.grains.selector

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.grains.WireMessage
import routercluster.policy.outcomes.DecisionStatistics
import routercluster.policy.outcomes.SelectionKey

/** What a node's [outcomesNode] is told, by selector grains, by its like on other nodes, and by its own node. */
sealed interface NodeMessage

/** How many requests [from]'s node has at each model. */
data class InFlightReport(val from: ActorRef<InFlightReport>, val counts: Map<String, Int>) : NodeMessage, WireMessage

/** Under this key nodes tell each other what they have in flight. */
internal val inFlightNodes: ServiceKey<InFlightReport> = ServiceKey.create(InFlightReport::class.java, "in-flight-nodes")

/** Told by the node itself. */
internal sealed interface OwnMessage : NodeMessage, NoSerializationVerificationNeeded

internal class Recorded(val key: SelectionKey, val statistics: DecisionStatistics) : OwnMessage

/** Somebody reads [view], which nobody has filled yet. */
internal class Wanted(val key: SelectionKey, val view: View) : OwnMessage

internal class PeersFound(val peers: Set<ActorRef<InFlightReport>>) : OwnMessage

internal data object Flush : OwnMessage

internal data object Resend : OwnMessage

internal data object Tell : OwnMessage

internal data object Refresh : OwnMessage
