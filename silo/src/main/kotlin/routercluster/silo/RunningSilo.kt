package routercluster.silo

import org.apache.pekko.Done
import org.apache.pekko.actor.CoordinatedShutdown
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.SpawnProtocol
import org.apache.pekko.actor.typed.javadsl.AskPattern
import routercluster.grains.cluster.ClusterView
import routercluster.grains.directory.GrainHost
import routercluster.silo.join.JoinState
import routercluster.silo.report.NodeFacts
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.function.Supplier

/**
 * A node that is open. Safe for use by many threads.
 *
 * @property joined completes when the cluster has let this node in, at once where it is alone; never where it is refused
 */
class RunningSilo internal constructor(
    private val node: Node,
    private val membership: Membership?,
    val joined: CompletionStage<Unit>,
) : AutoCloseable {
    val system: ActorSystem<*> get() = node.system

    /** Where grains live; each kind is hosted once, on every node of the cluster. */
    val grains: GrainHost get() = node.grains
    val view: ClusterView get() = node.view

    /** What this node reports of itself. */
    val facts: NodeFacts get() = node.facts

    /** `host:port`, where other nodes reach this one; null where it is alone. */
    val address: String? get() = membership?.address

    /** Completes when the node has ended, with the reason in words where nobody here asked for it. */
    val ended: CompletionStage<String?> = node.system.getWhenTerminated().thenApply { why() }

    init {
        membership?.let { member ->
            joined.thenRun { JoinState.of(member.nodeId).belongs = true }
            leaveWithProcess()
        }
    }

    /** Starts an actor named [name] under `/user`. */
    fun <M : Any> start(name: String, behaviour: Behavior<M>): CompletionStage<ActorRef<M>> =
        AskPattern.ask<SpawnProtocol.Command, ActorRef<M>>(
            node.system,
            { SpawnProtocol.Spawn(behaviour, name, Props.empty(), it) },
            START_MAX,
            node.system.scheduler(),
        )

    /** Runs [task] when this node is to leave, before its grains move: doors drain here. May block. */
    fun beforeLeaving(name: String, task: () -> Unit) {
        val run = { CompletableFuture.supplyAsync<Done> { task().let { Done.getInstance() } } }
        shutdown().addTask(CoordinatedShutdown.PhaseBeforeServiceUnbind(), name, Supplier { run() })
    }

    /** Begins to leave: drains the doors, hands grains over, leaves, ends. Whoever waits for the end looks at [ended]. */
    fun leave() {
        shutdown().runAll(Asked)
    }

    /** Leaves, and returns when the node has ended. */
    override fun close() {
        leave()
        node.system
            .getWhenTerminated()
            .toCompletableFuture()
            .join()
    }

    /**
     * Where the process is told to end, Pekko cuts this node's connections at once, unless something asks it to wait; the others would then
     * take a node that leaves in order for one that died.
     */
    private fun leaveWithProcess() {
        val hook = shutdown().addCancellableJvmShutdownHook(Runnable(::close))
        ended.thenRun { hook.cancel() }
    }

    private fun shutdown() = CoordinatedShutdown.get(node.system)

    private fun why(): String? {
        val refusal = membership?.let { JoinState.forget(it.nodeId)?.refusal?.get() }
        val reason = shutdown().shutdownReason.orElse(null)
        return when {
            refusal != null -> "the cluster cannot be joined: $refusal"
            reason === Asked || reason === CoordinatedShutdown.clusterLeavingReason() -> null
            reason === CoordinatedShutdown.clusterDowningReason() -> GIVEN_UP
            else -> "the node ended: $reason"
        }
    }

    private data object Asked : CoordinatedShutdown.Reason

    private companion object {
        const val GIVEN_UP = "the other nodes could not reach this one and have gone on without it"
        val START_MAX: Duration = Duration.ofSeconds(10)
    }
}
