package routercluster.silo

import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.cluster.ClusterStatus
import routercluster.grains.cluster.ClusterView
import routercluster.grains.cluster.Draining
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.directory.GrainKind
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread

/**
 * A node that opens beside other things that a process begins with, from [begin] on, and can be talked of before. Safe for use by many
 * threads.
 */
class OpeningSilo(private val open: () -> RunningSilo) : AutoCloseable {
    private val opened = CompletableFuture<RunningSilo>()
    private val begun = AtomicBoolean()

    /** Waits for the node with every question. */
    val view: ClusterView = LaterView(opened)

    /** As [RunningSilo.joined]. */
    val joined: CompletionStage<Unit> = opened.thenCompose { it.joined }

    /** As [RunningSilo.ended]; where the node could not be opened, it has ended with the reason for that. */
    val ended: CompletionStage<String?> =
        opened
            .handle<CompletionStage<String?>> { silo, failure ->
                silo?.ended ?: CompletableFuture.completedFuture("the node cannot be opened: ${failure?.message}")
            }.thenCompose { it }

    /** As [RunningSilo.address]; null until the node is open. */
    val address: String? get() = if (opened.isDone && !opened.isCompletedExceptionally) opened.join().address else null

    /** Opens the node on a thread of its own. A second call does nothing. */
    fun begin() {
        if (!begun.compareAndSet(false, true)) return
        thread(name = "open-node", isDaemon = true) {
            try {
                opened.complete(open())
            } catch (failure: Exception) {
                opened.completeExceptionally(failure)
            }
        }
    }

    /** @throws CompletionException with the reason why the node cannot be opened */
    fun await(): RunningSilo = opened.join()

    /** Runs [use] once the node is open, and never where it cannot be opened. */
    fun whenOpen(use: (RunningSilo) -> Unit) {
        opened.thenAccept(use)
    }

    /** Hosts [kind] once the node is open; messages wait until then, in no particular order. */
    fun <M : Any> host(kind: GrainKind<M>): GrainDirectory<M> = LaterDirectory(opened.thenApply { it.grains.host(kind) })

    /** Closes the node, once it is open; one that was never to open does so no more. */
    override fun close() {
        if (begun.compareAndSet(false, true)) opened.completeExceptionally(CancellationException("closed before it was opened"))
        val silo =
            try {
                await()
            } catch (_: CompletionException) {
                return
            } catch (_: CancellationException) {
                return
            }
        silo.close()
    }
}

private class LaterView(private val opened: CompletionStage<RunningSilo>) : ClusterView {
    override fun status(): CompletionStage<ClusterStatus> = opened.thenCompose { it.view.status() }

    override fun drain(node: String): CompletionStage<Draining> = opened.thenCompose { it.view.drain(node) }
}

private class LaterDirectory<M : Any>(private val opened: CompletionStage<GrainDirectory<M>>) : GrainDirectory<M> {
    override fun tell(id: String, message: M) {
        opened.thenAccept { it.tell(id, message) }
    }

    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R> =
        opened.thenCompose { it.ask(id, timeout, make) }
}
