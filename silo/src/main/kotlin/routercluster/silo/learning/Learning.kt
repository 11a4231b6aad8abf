package routercluster.silo.learning

import org.apache.pekko.actor.typed.Props
import routercluster.grains.records.ClusterRecords
import routercluster.grains.secret.SharedSecret
import routercluster.grains.selector.ClusterOutcomes
import routercluster.grains.selector.selectorKind
import routercluster.grains.state.StateStore
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.Records
import routercluster.silo.OpeningSilo
import java.security.SecureRandom
import java.time.InstantSource

/**
 * What a gateway on this node needs to learn with the others and to take feedback. One per node, made before its doors open; nothing is
 * learnt before the node is open, and it ends with the node.
 *
 * @param store of grains' states
 * @param ring of this node's decision records, which other nodes ask for
 */
class Learning(node: OpeningSilo, store: StateStore, clock: InstantSource, ring: DecisionRing) : AutoCloseable {
    private val clusterOutcomes =
        ClusterOutcomes(node.address ?: ALONE, node.host(selectorKind(store, clock)), clock, SecureRandom()::nextLong)
    private val clusterRecords = ClusterRecords(store, ring)
    private val secret = SharedSecret(store, REPLAY_IDS)

    val outcomes: Outcomes get() = clusterOutcomes
    val records: Records get() = clusterRecords

    /** With it replay ids are signed; null while the store has not told it. */
    val replaySecret: () -> ByteArray? = secret::get

    init {
        node.whenOpen { silo ->
            clusterOutcomes.start { behaviour, name -> silo.system.systemActorOf(behaviour, name, Props.empty()) }
            clusterRecords.start { behaviour, name -> silo.system.systemActorOf(behaviour, name, Props.empty()) }
            silo.facts.add("snapshot_age_ms") { "${clusterOutcomes.standing().snapshotAge.toMillis()}" }
        }
    }

    override fun close() = secret.close()

    private companion object {
        const val ALONE = "alone"
        const val REPLAY_IDS = "replay-ids"
    }
}
