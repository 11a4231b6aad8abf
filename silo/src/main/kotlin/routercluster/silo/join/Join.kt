package routercluster.silo.join

import org.apache.pekko.actor.Address
import org.apache.pekko.actor.NoSerializationVerificationNeeded
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.javadsl.Behaviors
import org.apache.pekko.cluster.MemberStatus
import org.apache.pekko.cluster.typed.Cluster
import org.apache.pekko.cluster.typed.Join
import org.apache.pekko.cluster.typed.JoinSeedNodes
import org.apache.pekko.cluster.typed.SelfUp
import org.apache.pekko.cluster.typed.Subscribe
import org.slf4j.LoggerFactory
import routercluster.silo.config.Joining
import java.io.IOException
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Looks a name up; may block. */
internal typealias Resolve = (name: String) -> List<InetAddress>

/** Asks to join, again and again until it has been let in; a refusal ends [system]. Completes when it is in. */
internal fun join(system: ActorSystem<*>, joining: Joining, resolve: Resolve): CompletionStage<Unit> {
    val cluster = Cluster.get(system)
    when (joining) {
        is Joining.Seeds -> joinSeeds(cluster, joining)

        is Joining.Dns -> follow(system, joining.name, joining.port) { resolve(joining.name) }

        is Joining.Kubernetes -> follow(
            system,
            "pods ${joining.selector}",
            joining.port,
            KubernetesPods(joining.api, joining.selector)::addresses,
        )
    }
    val isIn = CompletableFuture<Unit>()
    system.systemActorOf(awaitUp(isIn), "await-up", Props.empty())
    return isIn
}

private fun follow(system: ActorSystem<*>, what: String, port: Int, list: () -> List<InetAddress>) {
    system.systemActorOf(followed(what, port, list), "joining", Props.empty())
}

private fun joinSeeds(cluster: Cluster, joining: Joining.Seeds) {
    val self = cluster.selfMember().address()
    val nodes = joining.nodes.map { self.copyTo(it.host, it.port) }
    cluster.manager().tell(if (nodes.isEmpty()) Join.create(self) else JoinSeedNodes(nodes))
}

private fun Address.copyTo(host: String, port: Int) = Address(protocol(), system(), host, port)

private fun awaitUp(isIn: CompletableFuture<Unit>): Behavior<SelfUp> =
    Behaviors.setup { context ->
        Cluster.get(context.system).subscriptions().tell(Subscribe.create(context.self, SelfUp::class.java))
        Behaviors.receiveMessage {
            isIn.complete(Unit)
            Behaviors.stopped()
        }
    }

private sealed interface Found : NoSerializationVerificationNeeded {
    data object Look : Found

    class Addresses(val list: List<InetAddress>) : Found
}

/** Follows a list until this node is in: it changes while nodes start. */
private fun followed(what: String, port: Int, list: () -> List<InetAddress>): Behavior<Found> =
    Behaviors.setup { context ->
        val cluster = Cluster.get(context.system)
        val seeds = SettledList()
        context.self.tell(Found.Look)
        Behaviors.withTimers { timers ->
            Behaviors.receiveMessage { found ->
                when (found) {
                    is Found.Look -> {
                        context.pipeToSelf(looked(what, list)) { found, _ -> Found.Addresses(found.orEmpty()) }
                    }

                    is Found.Addresses -> {
                        seeds.seen(found.list, System.nanoTime())?.let { ask(cluster, it, port) }
                        timers.startSingleTimer(Found.Look, LOOK_EVERY)
                    }
                }
                if (cluster.selfMember().status() in NOT_IN) Behaviors.same() else Behaviors.stopped()
            }
        }
    }

private fun ask(cluster: Cluster, found: List<InetAddress>, port: Int) {
    val nodes = found.map { cluster.selfMember().address().copyTo(it.hostAddress, port) }
    log.info("asks to join through {}", nodes.joinToString { it.hostPort() })
    cluster.manager().tell(JoinSeedNodes(nodes))
}

private fun looked(what: String, list: () -> List<InetAddress>): CompletionStage<List<InetAddress>> =
    CompletableFuture.supplyAsync {
        try {
            list()
        } catch (unknown: IOException) {
            log.warn("no nodes are found yet by {}: {}", what, unknown.message)
            emptyList()
        }
    }

/** A node that has not joined anything counts as removed. */
private val NOT_IN = setOf(MemberStatus.removed(), MemberStatus.joining(), MemberStatus.weaklyUp())
private val LOOK_EVERY: Duration = Duration.ofSeconds(1)
private val log = LoggerFactory.getLogger("routercluster.silo.join")
