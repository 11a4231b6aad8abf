package routercluster.bench.cluster

import org.apache.pekko.actor.typed.Props
import routercluster.grains.conversation.ConversationSettings
import routercluster.grains.conversation.GrainConversations
import routercluster.grains.conversation.conversationKind
import routercluster.grains.directory.GrainDirectory
import routercluster.grains.selector.ClusterOutcomes
import routercluster.grains.selector.selectorKind
import routercluster.grains.state.StateStore
import routercluster.grains.state.redis.RedisSettings
import routercluster.grains.state.redis.RedisStateStore
import routercluster.kit.ClusterOf
import routercluster.kit.process.RedisProcess
import routercluster.silo.RunningSilo
import java.security.SecureRandom
import java.time.Clock
import java.time.Duration

/** Measures a cluster of [nodes] in this JVM, [seconds] for each figure. What is asked is always asked of node 0. */
class BenchedCluster(private val nodes: Int, private val seconds: Double) {
    /** Grains that only answer. */
    fun asks(): List<Figure> {
        val echoes = mutableListOf<GrainDirectory<EchoCommand>>()
        val prepare = { node: RunningSilo -> echoes.add(node.grains.host(echoKind(checkNotNull(node.address)))) }
        return ClusterOf(nodes, overrides = QUIET) { prepare(it) }.use { cluster ->
            Asks(nodes, echoes.first(), checkNotNull(cluster[0].address), seconds).figures()
        }
    }

    /** Conversations. */
    fun keptStates(): List<Figure> {
        val conversations = mutableListOf<GrainConversations>()
        val prepare = { node: RunningSilo, store: StateStore ->
            val settings = ConversationSettings(store, Clock.systemUTC(), keepFor = Duration.ofDays(1))
            conversations += GrainConversations(node.grains.host(conversationKind(settings, IDLE_AFTER)))
        }
        return keeping(prepare) { cluster, redis -> KeptStates(nodes, seconds, redis, cluster, conversations.first()).figures() }
    }

    /** What nodes learn. */
    fun learned(): List<Figure> {
        val outcomes = mutableListOf<ClusterOutcomes>()
        val prepare = { node: RunningSilo, store: StateStore ->
            val selectors = node.grains.host(selectorKind(store, Clock.systemUTC()))
            val name = checkNotNull(node.address)
            outcomes += ClusterOutcomes(name, selectors, Clock.systemUTC(), SecureRandom()::nextLong).apply {
                start { behaviour, actor -> node.system.systemActorOf(behaviour, actor, Props.empty()) }
            }
        }
        return keeping(prepare) { cluster, _ -> Learned(nodes, seconds, cluster, outcomes).figures() }
    }

    /** With a Redis of its own. */
    private fun keeping(
        prepare: (RunningSilo, StateStore) -> Unit,
        measure: (ClusterOf, RedisProcess) -> List<Figure>,
    ): List<Figure> =
        RedisProcess.start().use { redis ->
            val stores = mutableListOf<StateStore>()
            val open = { RedisStateStore(RedisSettings(RedisProcess.HOST, redis.port)).also(stores::add) }
            try {
                ClusterOf(nodes, overrides = QUIET, prepare = { prepare(it, open()) }).use { measure(it, redis) }
            } finally {
                stores.forEach(StateStore::close)
            }
        }

    private companion object {
        /** Nodes that go away tell of it at length. */
        const val QUIET = "pekko.loglevel = OFF\npekko.stdout-loglevel = OFF"

        /** Short, so that sleep can be measured. */
        val IDLE_AFTER: Duration = Duration.ofSeconds(4)
    }
}
