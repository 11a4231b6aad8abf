package routercluster.grains.directory

import java.util.concurrent.CompletionStage

/** Where grains live: in this process, or spread over a cluster. Safe for use by many threads. */
interface GrainHost {
    /** Makes grains of [kind] reachable from here, and hosts some where this node may. Once per kind. */
    fun <M : Any> host(kind: GrainKind<M>): GrainDirectory<M>

    /** Grains that are awake on this node, a row per kind that was hosted. */
    fun count(): CompletionStage<List<GrainCount>>
}

/**
 * Grains of one kind that are awake on one node.
 *
 * @property shards groups of grains that move between nodes together; 0 outside of a cluster
 */
data class GrainCount(val kind: String, val shards: Int, val grains: Int)
