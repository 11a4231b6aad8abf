package routercluster.silo.report

import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.actor.typed.receptionist.ServiceKey
import routercluster.grains.WireMessage
import routercluster.grains.cluster.NodeReport
import routercluster.grains.directory.GrainCount
import routercluster.grains.directory.GrainHost
import java.util.concurrent.ConcurrentHashMap

/** Under this key every node's reporter is found. */
internal val nodeReporters: ServiceKey<ReporterCommand> = ServiceKey.create(ReporterCommand::class.java, "node-reporters")

/** What a node's reporter is told. */
internal sealed interface ReporterCommand {
    data class Report(val replyTo: ActorRef<NodeReport>) :
        ReporterCommand,
        WireMessage

    /** Have the node leave, and its process end. */
    data class Drain(val replyTo: ActorRef<DrainBegun>) :
        ReporterCommand,
        WireMessage
}

internal data class DrainBegun(val address: String) : WireMessage

private class Counted(val grains: List<GrainCount>, val replyTo: ActorRef<NodeReport>) :
    ReporterCommand,
    NoSerializationVerificationNeeded

/** What a node says of itself beyond its grains. Safe for use by many threads. */
class NodeFacts {
    private val facts = ConcurrentHashMap<String, () -> String>()

    /** [value] is asked whenever somebody looks; it may not block. */
    fun add(name: String, value: () -> String) {
        facts[name] = value
    }

    internal fun told(): Map<String, String> = facts.toSortedMap().mapValues { it.value() }
}

/** Answers for this node, and lets [drain] begin. */
internal fun nodeReporter(address: String, host: GrainHost, facts: NodeFacts, drain: () -> Unit): Behavior<ReporterCommand> =
    Behaviors.setup { context ->
        context.system.receptionist().tell(Receptionist.register(nodeReporters, context.self))
        Behaviors.receiveMessage { command ->
            when (command) {
                is ReporterCommand.Report -> {
                    context.pipeToSelf(host.count()) { grains, _ -> Counted(grains.orEmpty(), command.replyTo) }
                }

                is Counted -> {
                    command.replyTo.tell(NodeReport(address, command.grains, facts.told()))
                }

                is ReporterCommand.Drain -> {
                    command.replyTo.tell(DrainBegun(address))
                    drain()
                }
            }
            Behaviors.same()
        }
    }
