package routercluster.cli.serve

import routercluster.policy.Policy
import routercluster.silo.config.ClusterConfig
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * What `serve` starts a gateway with.
 *
 * @property file of the policy; null where there is none
 * @property watch whether a changed file is taken
 * @property data where versions of the policy are kept; null is the usual place
 * @property allowInactive whether a policy read later may ask for what is not built yet
 * @property port of the HTTP door; 0 takes a free one, as for the other two
 * @property cluster that this is to be a node of; null serves alone
 */
class ServeSettings(
    val policy: Policy,
    val file: Path?,
    val host: String,
    val port: Int,
    val extProcPort: Int,
    val adminPort: Int,
    val allowInactive: Boolean = false,
    val watch: Boolean = true,
    val data: Path? = null,
    val cluster: ClusterConfig? = null,
)

/** A node whose ports are open. [close] drains it and returns when it has ended. */
interface Running : AutoCloseable {
    /** 0, as [extProcPort], where the node has no doors. */
    val port: Int
    val extProcPort: Int
    val adminPort: Int

    /** Where other nodes reach this one; null where it is alone. */
    val clusterAddress: String? get() = null

    /** Completes when the node has ended, with the reason in words where nobody here asked for it. */
    val ended: CompletionStage<String?> get() = CompletableFuture()
}
