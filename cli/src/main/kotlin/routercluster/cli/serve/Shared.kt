package routercluster.cli.serve

import routercluster.cli.remoteEncoders
import routercluster.cli.sharedEncoders
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.versions.PolicySharing
import routercluster.grains.inference.Inference
import routercluster.grains.policylog.GrainPolicyLog
import routercluster.grains.policylog.policyLogKind
import routercluster.grains.state.StateStore
import routercluster.silo.RunningSilo
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Role

/** What a node of a cluster has in common with the others. */
internal class Shared(val policy: PolicySharing, val encoders: EncoderOpener)

/**
 * A worker opens encoders for all nodes; others ask the workers, and load no native library.
 *
 * @param store of the policy log; one in memory is filled again by every node that lives
 */
internal fun shared(
    silo: RunningSilo,
    cluster: ClusterConfig,
    fileComesFirst: Boolean,
    store: StateStore,
): Shared {
    val inference = Inference(silo.system)
    val log = GrainPolicyLog(silo.system, silo.grains.host(policyLogKind(store)))
    val encoders = if (Role.WORKER in cluster.roles) sharedEncoders(inference) else remoteEncoders(inference)
    return Shared(PolicySharing(log, silo.address ?: cluster.name, fileComesFirst), encoders)
}
