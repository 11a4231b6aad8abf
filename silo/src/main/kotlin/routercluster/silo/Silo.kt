package routercluster.silo

import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.SpawnProtocol
import org.apache.pekko.actor.typed.SupervisorStrategy
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.cluster.typed.Cluster
import routercluster.grains.cluster.ClusterView
import routercluster.grains.directory.GrainHost
import routercluster.grains.directory.LocalGrains
import routercluster.grains.directory.ShardedGrains
import routercluster.silo.config.Role
import routercluster.silo.config.SiloConfig
import routercluster.silo.config.pekkoSettings
import routercluster.silo.join.Resolve
import routercluster.silo.join.join
import routercluster.silo.report.AloneView
import routercluster.silo.report.NodeFacts
import routercluster.silo.report.SiloView
import routercluster.silo.report.hostPort
import routercluster.silo.report.nodeReporter
import java.net.InetAddress
import java.util.UUID
import java.util.concurrent.CompletableFuture

/** All nodes' actor systems have this name: so a node of another cluster is refused in words rather than not heard. */
private const val SYSTEM = "router"

/**
 * Opens a node: alone, or as part of a cluster, which it asks to be let into. Returns before it is let in.
 *
 * @param resolve looks up names for [routercluster.silo.config.Joining.Dns]; may block
 * @throws java.net.BindException as a cause, where the port is taken
 */
fun silo(config: SiloConfig, resolve: Resolve = { InetAddress.getAllByName(it).toList() }): RunningSilo {
    val nodeId = "${UUID.randomUUID()}"
    val system = ActorSystem.create(SpawnProtocol.create(), SYSTEM, pekkoSettings(config, nodeId))
    val facts = NodeFacts()
    return if (config.cluster == null) alone(config, system, facts) else member(config, system, facts, nodeId, resolve)
}

private fun alone(config: SiloConfig, system: ActorSystem<SpawnProtocol.Command>, facts: NodeFacts): RunningSilo {
    val grains = LocalGrains(system)
    val node = Node(system, grains, AloneView(config.version, grains, facts), facts)
    return RunningSilo(node, null, CompletableFuture.completedFuture(Unit))
}

private fun member(
    config: SiloConfig,
    system: ActorSystem<SpawnProtocol.Command>,
    facts: NodeFacts,
    nodeId: String,
    resolve: Resolve,
): RunningSilo {
    val cluster = requireNotNull(config.cluster)
    val grains = ShardedGrains(system, Role.SILO.label)
    val node = Node(system, grains, SiloView(system, cluster.name), facts)
    val membership = Membership(nodeId, hostPort(Cluster.get(system).selfMember()))
    val silo = RunningSilo(node, membership, join(system, cluster.joining, resolve))
    val reporter = nodeReporter(membership.address, grains, facts, silo::leave)
    system.systemActorOf(Behaviors.supervise(reporter).onFailure(SupervisorStrategy.restart()), "node-reporter", Props.empty())
    return silo
}

internal class Node(
    val system: ActorSystem<SpawnProtocol.Command>,
    val grains: GrainHost,
    val view: ClusterView,
    val facts: NodeFacts,
)

internal class Membership(val nodeId: String, val address: String)
