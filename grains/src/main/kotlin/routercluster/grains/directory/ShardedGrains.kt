package routercluster.grains.directory

import org.apache.pekko.actor.CoordinatedShutdown
import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import org.apache.pekko.actor.typed.Props
import org.apache.pekko.actor.typed.javadsl.AskPattern
import org.apache.pekko.cluster.MemberStatus
import org.apache.pekko.cluster.sharding.ShardRegion.CurrentShardRegionState
import org.apache.pekko.cluster.sharding.typed.ClusterShardingQuery
import org.apache.pekko.cluster.sharding.typed.ClusterShardingSettings
import org.apache.pekko.cluster.sharding.typed.GetShardRegionState
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey
import org.apache.pekko.cluster.typed.Cluster
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.ConcurrentHashMap

/**
 * Grains spread over the nodes of a cluster that have [role]; other nodes reach them. Once the others have gone on without this node, it wakes
 * those that are safe twice itself, until it ends.
 *
 * @param system a node of the cluster
 */
class ShardedGrains(private val system: ActorSystem<*>, private val role: String) : GrainHost {
    private val sharding = ClusterSharding.get(system)
    private val cluster = Cluster.get(system)
    private val shutdown = CoordinatedShutdown.get(system)
    private val own = LocalGrains(system)
    private val largeAsks by lazy { system.systemActorOf(largeAsks(), LARGE_ASKS, Props.empty()) }
    private val kinds = ConcurrentHashMap<String, EntityTypeKey<*>>()

    override fun <M : Any> host(kind: GrainKind<M>): GrainDirectory<M> {
        val key = EntityTypeKey.create(kind.messages, kind.name)
        require(kinds.putIfAbsent(kind.name, key) == null) { "grains of kind ${kind.name} are hosted already" }
        val settings = ClusterShardingSettings.create(system)
        val passivation =
            settings
                .passivationStrategySettings()
                .withActiveEntityLimit(kind.activeMax)
                .withLeastRecentlyUsedReplacement()
                .withIdleEntityPassivation(kind.idleAfter)
        sharding.init(
            Entity
                .of(key) { kind.supervised(it.entityId) }
                .withRole(role)
                .withStopMessage(kind.stop)
                .withSettings(settings.withPassivationStrategy(passivation)),
        )
        val sharded = ShardedDirectory(sharding, key)
        val all = if (kind.isLarge) LargeDirectory(sharded, largeAsks) else sharded
        return if (kind.isSafeTwice) OutlivingDirectory(all, own.host(kind), ::isPutOut) else all
    }

    /** Never of a node that has yet to be let in: its status is "removed" until then. */
    private fun isPutOut(): Boolean =
        cluster.selfMember().status() === MemberStatus.down() ||
            shutdown.shutdownReason.orElse(null) === CoordinatedShutdown.clusterDowningReason()

    override fun count(): CompletionStage<List<GrainCount>> {
        val counts = kinds.toSortedMap().map { (name, key) -> count(name, key).toCompletableFuture() }
        return CompletableFuture.allOf(*counts.toTypedArray()).thenApply { counts.map { it.join() } }
    }

    private fun count(name: String, key: EntityTypeKey<*>): CompletionStage<GrainCount> {
        val state: CompletionStage<CurrentShardRegionState> =
            AskPattern.ask<ClusterShardingQuery, CurrentShardRegionState>(
                sharding.shardState(),
                { GetShardRegionState(key, it) },
                COUNT_TIMEOUT,
                system.scheduler(),
            )
        return state.thenApply { region -> GrainCount(name, region.shards.size, region.shards.sumOf { it.entityIds.size }) }
    }

    private companion object {
        val COUNT_TIMEOUT: Duration = Duration.ofSeconds(2)
    }
}

private class ShardedDirectory<M : Any>(private val sharding: ClusterSharding, private val key: EntityTypeKey<M>) : GrainDirectory<M> {
    override fun tell(id: String, message: M) = grain(id).tell(message)

    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R> =
        grain(id).ask({ make(it) }, timeout).direct()

    private fun grain(id: String) = sharding.entityRefFor(key, checkedId(id))
}

/** [own] grains where this node was put out of the cluster, else those [all] over it. */
private class OutlivingDirectory<M : Any>(
    private val all: GrainDirectory<M>,
    private val own: GrainDirectory<M>,
    private val isPutOut: () -> Boolean,
) : GrainDirectory<M> {
    override fun tell(id: String, message: M) = reached().tell(id, message)

    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R> =
        reached().ask(id, timeout, make)

    private fun reached() = if (isPutOut()) own else all
}

private class LargeDirectory<M : Any>(
    private val sharded: GrainDirectory<M>,
    private val asks: ActorRef<LargeAsk<*>>,
) : GrainDirectory<M> by sharded {
    override fun <R : Any> ask(id: String, timeout: Duration, make: (replyTo: ActorRef<R>) -> M): CompletionStage<R> {
        checkedId(id)
        val promise = CompletableFuture<R>()
        asks.tell(LargeAsk(timeout, promise) { replyTo -> sharded.tell(id, make(replyTo)) })
        return promise
    }
}
