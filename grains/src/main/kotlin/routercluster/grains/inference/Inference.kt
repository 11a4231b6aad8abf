package routercluster.grains.inference

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Behavior
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.javadsl.Behaviors
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.OpenEncoder
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/**
 * One node's part in the cluster's inference: its own encoders are offered to all nodes, and those of all nodes can be asked. Once for an
 * actor system; safe for use by many threads.
 */
class Inference(system: ActorSystem<*>, settings: DispatchSettings = DispatchSettings()) {
    private val known = AtomicReference(emptyList<WorkerFacts>())
    private val host: ActorRef<HostCommand> = system.systemActorOf(host(), "inference-workers", Props.empty())
    private val dispatcher: ActorRef<DispatchCommand> =
        system.systemActorOf(dispatcher(settings, known::set), "inference-dispatcher", Props.empty())
    private val offers = AtomicLong()

    /** The workers of the cluster, as this node sees them: a few seconds old at most. */
    val workers: List<WorkerFacts> get() = known.get()

    /**
     * Lets every node ask [encoder], until what is returned is closed; the encoder is to be closed after it.
     *
     * @param name of the encoder in the policies that ask it
     */
    fun offer(name: String, encoder: OpenEncoder): AutoCloseable {
        val number = offers.incrementAndGet()
        host.tell(Offer(number, name, encoder))
        return AutoCloseable { host.tell(Withdraw(number)) }
    }

    /**
     * The cluster's workers as one encoder. Waits up to [timeout] for the first that offers it.
     *
     * @throws EncodeFailure.Unavailable where none does: it says why, such as that workers have other files under this name
     */
    fun encoder(id: EncoderId, timeout: Duration): OpenEncoder {
        val heads = CompletableFuture<Map<HeadRef, Head>>()
        dispatcher.tell(Search(id, timeout, heads))
        return ClusterEncoder(dispatcher, id, await(id, heads, timeout), known::get)
    }

    private fun await(id: EncoderId, heads: CompletableFuture<Map<HeadRef, Head>>, timeout: Duration): Map<HeadRef, Head> =
        try {
            heads.get(timeout.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS)
        } catch (failed: ExecutionException) {
            throw failed.cause as? EncodeFailure ?: failed
        } catch (late: TimeoutException) {
            throw EncodeFailure.Unavailable("encoder ${id.name}: this node's dispatcher does not answer", late)
        } catch (stopped: InterruptedException) {
            Thread.currentThread().interrupt()
            throw EncodeFailure.Unavailable("encoder ${id.name}: stopped while inference workers were looked for", stopped)
        }

    private companion object {
        /** The dispatcher's own word on why comes first. */
        val GRACE: Duration = Duration.ofSeconds(2)
    }
}

private sealed interface HostCommand

private class Offer(val number: Long, val name: String, val encoder: OpenEncoder) : HostCommand

private class Withdraw(val number: Long) : HostCommand

/** The parent of this node's inference grains, whose messages travel on the lane for large ones by its name. */
private fun host(): Behavior<HostCommand> =
    Behaviors.setup { context ->
        val grains = HashMap<Long, ActorRef<InferenceCommand>>()
        Behaviors.receiveMessage { command ->
            when (command) {
                is Offer -> grains[command.number] = context.spawn(inferenceGrain(command.name, command.encoder), "${command.number}")
                is Withdraw -> grains.remove(command.number)?.let(context::stop)
            }
            Behaviors.same()
        }
    }
