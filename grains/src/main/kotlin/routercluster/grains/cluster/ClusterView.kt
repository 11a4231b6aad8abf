package routercluster.grains.cluster

import routercluster.grains.WireMessage
import routercluster.grains.directory.GrainCount
import java.util.concurrent.CompletionStage

/** The cluster as any of its nodes sees it, for operators. Safe for use by many threads. */
interface ClusterView {
    /** Never fails: a node that does not report in time is told of without its report. */
    fun status(): CompletionStage<ClusterStatus>

    /**
     * Has a node finish its requests, hand its grains over, leave, and end its process. Completes when it has been told.
     *
     * @param node its address, as [status] tells it
     */
    fun drain(node: String): CompletionStage<Draining>
}

/** What came of telling a node to leave. */
enum class Draining {
    TOLD,

    /** No node of the cluster has this address. */
    UNKNOWN,

    /** The node does not answer. */
    SILENT,
}

/**
 * @property name of the cluster; null where this process belongs to none
 * @property self address of the node that was asked
 */
data class ClusterStatus(val name: String?, val self: String, val members: List<MemberStatus>)

/**
 * A node as the one that was asked sees it.
 *
 * @property address `host:port`
 * @property status such as `joining`, `up` or `leaving`
 * @property report null where the node did not report in time
 */
data class MemberStatus(
    val address: String,
    val roles: List<String>,
    val status: String,
    val isReachable: Boolean,
    val version: String,
    val report: NodeReport?,
)

/**
 * What a node says of itself.
 *
 * @property facts such as its policy's revision or the device of its encoder, by name
 */
data class NodeReport(val address: String, val grains: List<GrainCount>, val facts: Map<String, String>) : WireMessage
