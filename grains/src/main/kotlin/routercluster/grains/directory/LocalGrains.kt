package routercluster.grains.directory

import org.apache.pekko.Done
import org.apache.pekko.actor.CoordinatedShutdown
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.javadsl.AskPattern
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap
import java.util.function.Supplier

/**
 * Grains of one process that belongs to no cluster. They are told to stop when [system] is shut down, and may end what they began.
 *
 * @param nanoTime a clock that only goes forward
 */
class LocalGrains(private val system: ActorSystem<*>, private val nanoTime: () -> Long = System::nanoTime) : GrainHost {
    private val keepers = ConcurrentHashMap<String, ActorRef<out KeeperMessage<*>>>()

    override fun <M : Any> host(kind: GrainKind<M>): GrainDirectory<M> {
        val keeper = system.systemActorOf(grainKeeper(kind, nanoTime), "grains-${kind.name}", Props.empty())
        require(keepers.putIfAbsent(kind.name, keeper) == null) { "grains of kind ${kind.name} are hosted already" }
        // The phase in which a node of a cluster hands its grains over: doors are shut already, stores are open still.
        CoordinatedShutdown.get(system).addTask(
            CoordinatedShutdown.PhaseClusterShardingShutdownRegion(),
            "stop-grains-${kind.name}",
            Supplier { CompletableFuture<Done>().also { keeper.tell(KeeperMessage.StopAll(it)) } },
        )
        return LocalDirectory(keeper, system)
    }

    override fun count(): CompletionStage<List<GrainCount>> {
        val counts =
            keepers.toSortedMap().map { (name, keeper) ->
                val grains = CompletableFuture<Int>()
                keeper.unsafeUpcast<KeeperMessage<*>>().tell(KeeperMessage.Count(grains))
                grains.thenApply { GrainCount(name, 0, it) }
            }
        return CompletableFuture.allOf(*counts.toTypedArray()).thenApply { counts.map { it.join() } }
    }
}

private class LocalDirectory<M : Any>(
    private val keeper: ActorRef<KeeperMessage<M>>,
    private val system: ActorSystem<*>,
) : GrainDirectory<M> {
    override fun tell(id: String, message: M) = keeper.tell(KeeperMessage.Deliver(checkedId(id), message))

    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R> {
        checkedId(id)
        return AskPattern.ask<KeeperMessage<M>, R>(keeper, { KeeperMessage.Deliver(id, make(it)) }, timeout, system.scheduler()).direct()
    }
}
