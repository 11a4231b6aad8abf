package routercluster.grains.flights

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage

/** What the grain of one flight is told. An asker is one request of one node, by a name that is used once. */
sealed interface FlightMessage {
    /** @property waitMillis how long the reply may take; 0 for one at once */
    data class Join(val asker: String, val waitMillis: Long, val replyTo: ActorRef<FlightReply>) :
        FlightMessage,
        WireMessage

    /** The one that leads still asks. */
    data class Renew(val asker: String) :
        FlightMessage,
        WireMessage

    /** The asker is done, whether it led or waited. [answer] is what all may have; null for none. */
    class Done(val asker: String, val answer: ByteArray?) :
        FlightMessage,
        WireMessage

    /** Waiting askers have waited, or a lease is over. */
    data object Tick : FlightMessage, NoSerializationVerificationNeeded

    data object Stop : FlightMessage, NoSerializationVerificationNeeded
}

/** What comes of a [FlightMessage.Join]. */
sealed interface FlightReply {
    /** @property leaseMillis after which another leads, unless it is renewed */
    data class Leads(val leaseMillis: Long) :
        FlightReply,
        WireMessage

    class Landed(val answer: ByteArray) :
        FlightReply,
        WireMessage

    /** Another asks, and nothing has come yet: to be asked again. */
    data object Flying : FlightReply, WireMessage

    /** @property trouble a name of [routercluster.policy.cache.FlightTrouble] */
    data class Alone(val trouble: String) :
        FlightReply,
        WireMessage
}
