package routercluster.cluster.node

import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.state.redis.RedisSettings
import routercluster.grains.state.redis.RedisStateStore
import routercluster.policy.conversations.Conversations
import routercluster.silo.RunningSilo
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Joining
import routercluster.silo.config.NodeAddress
import routercluster.silo.config.SiloConfig
import routercluster.silo.silo
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletionStage

/** An open node of a test. */
class TestNode(
    val arguments: NodeArguments,
    val clock: Clock,
    val conversations: Conversations,
    private val silo: RunningSilo,
) : AutoCloseable {
    val joined: CompletionStage<Unit> get() = silo.joined
    val ended: CompletionStage<String?> get() = silo.ended

    /** Grains that are awake here. */
    fun awake(): Int =
        silo.grains
            .count()
            .toCompletableFuture()
            .get()
            .sumOf { it.grains }

    fun beforeLeaving(task: () -> Unit) = silo.beforeLeaving("door", task)

    override fun close() = silo.close()
}

/** Opens the node; returns before the cluster has let it in. */
fun openNode(arguments: NodeArguments): TestNode {
    val joins = arguments.joins.map { NodeAddress(it.substringBefore(':'), it.substringAfter(':').toInt()) }
    val cluster = ClusterConfig("faults", host = arguments.host, port = arguments.clusterPort, joining = Joining.Seeds(joins))
    val silo = silo(SiloConfig(cluster, arguments.version))
    val clock = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(Integer.getInteger("test.clock.shift.seconds", 0).toLong()))
    val store = RedisStateStore(RedisSettings("127.0.0.1", arguments.redisPort))
    val settings = ConversationSettings(store, clock, keepFor = Duration.ofHours(1))
    val kind = conversationKind(settings, Duration.ofMillis(arguments.idleMillis))
    return TestNode(arguments, clock, GrainConversations(silo.grains.host(kind)), silo)
}
