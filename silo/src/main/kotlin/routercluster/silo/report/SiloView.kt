package routercluster.silo.report

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.apache.pekko.actor.typed.receptionist.Receptionist
import org.apache.pekko.cluster.Member
import org.apache.pekko.cluster.typed.Cluster
import routercluster.grains.cluster.ClusterStatus
import routercluster.grains.cluster.ClusterView
import routercluster.grains.cluster.Draining
import routercluster.grains.cluster.MemberStatus
import routercluster.grains.cluster.NodeReport
import routercluster.grains.directory.GrainHost
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Time that nodes have for their reports. */
private val REPORT_MAX: Duration = Duration.ofSeconds(3)

internal fun hostPort(member: Member): String = with(member.address()) { "${host.get()}:${port.get()}" }

/** The cluster as this node sees it, and what each node says of itself. */
internal class SiloView(private val system: ActorSystem<*>, private val name: String) : ClusterView {
    private val cluster = Cluster.get(system)

    override fun status(): CompletionStage<ClusterStatus> =
        reports().thenApply { reports ->
            val state = cluster.state()
            val members =
                state.members.map { member ->
                    MemberStatus(
                        hostPort(member),
                        member.roles.filterNot { it.startsWith(DATA_CENTER) }.sorted(),
                        "${member.status()}".lowercase(),
                        member !in state.unreachable,
                        "${member.appVersion()}",
                        reports[hostPort(member)],
                    )
                }
            ClusterStatus(name, hostPort(cluster.selfMember()), members)
        }

    override fun drain(node: String): CompletionStage<Draining> {
        val member = cluster.state().members.find { hostPort(it) == node } ?: return CompletableFuture.completedFuture(Draining.UNKNOWN)
        return reporters().thenCompose { reporters ->
            val reporter = reporters.find { isAt(it, member) } ?: return@thenCompose CompletableFuture.completedFuture(Draining.SILENT)
            ask(reporter, ReporterCommand::Drain).handle { _: DrainBegun?, failure ->
                if (failure ==
                    null
                ) {
                    Draining.TOLD
                } else {
                    Draining.SILENT
                }
            }
        }
    }

    private fun isAt(reporter: ActorRef<*>, member: Member): Boolean {
        val address = reporter.path().address()
        return if (address.hasLocalScope()) member.address() == cluster.selfMember().address() else member.address() == address
    }

    /** Of the nodes that answer in time, by address. */
    private fun reports(): CompletionStage<Map<String, NodeReport>> =
        reporters().thenCompose { reporters ->
            val asked =
                reporters.map { ask(it, ReporterCommand::Report).handle { report: NodeReport?, _ -> report }.toCompletableFuture() }
            CompletableFuture.allOf(*asked.toTypedArray()).thenApply { asked.mapNotNull { it.join() }.associateBy { it.address } }
        }

    private fun reporters(): CompletionStage<Set<ActorRef<ReporterCommand>>> =
        AskPattern
            .ask<Receptionist.Command, Receptionist.Listing>(
                system.receptionist(),
                { Receptionist.find(nodeReporters, it) },
                REPORT_MAX,
                system.scheduler(),
            ).handle { listing: Receptionist.Listing?, _ -> listing?.getServiceInstances(nodeReporters).orEmpty() }

    private fun <R : Any> ask(reporter: ActorRef<ReporterCommand>, make: (ActorRef<R>) -> ReporterCommand): CompletionStage<R> =
        AskPattern.ask<ReporterCommand, R>(reporter, { make(it) }, REPORT_MAX, system.scheduler())

    private companion object {
        /** Pekko's own roles, which tell a node's data centre. */
        const val DATA_CENTER = "dc-"
    }
}

/** A process that belongs to no cluster. */
internal class AloneView(private val version: String, private val host: GrainHost, private val facts: NodeFacts) : ClusterView {
    override fun status(): CompletionStage<ClusterStatus> =
        host.count().thenApply { grains ->
            val report = NodeReport(ADDRESS, grains, facts.told())
            ClusterStatus(null, ADDRESS, listOf(MemberStatus(ADDRESS, emptyList(), "alone", true, version, report)))
        }

    override fun drain(node: String): CompletionStage<Draining> = CompletableFuture.completedFuture(Draining.UNKNOWN)

    private companion object {
        const val ADDRESS = "this process"
    }
}
