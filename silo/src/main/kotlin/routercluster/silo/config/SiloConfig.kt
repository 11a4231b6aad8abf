package routercluster.silo.config

import com.typesafe.config.Config
import com.typesafe.config.ConfigFactory
import java.nio.file.Path
import java.time.Duration

/**
 * What a node needs to be told.
 *
 * @property cluster null serves alone: no port is opened, and grains live in this process
 * @property version of this program; while a cluster is updated, grains move to nodes of the newest
 * @property drainMax time that tasks given to [routercluster.silo.RunningSilo.beforeLeaving] may take together
 * @property overrides settings of Pekko that go before our own
 */
class SiloConfig(
    val cluster: ClusterConfig? = null,
    val version: String = "0.0.0",
    val drainMax: Duration = Duration.ofMinutes(2),
    val overrides: Config = ConfigFactory.empty(),
)

/**
 * @property name a node that has another one is refused
 * @property host this node's own address, as others reach it
 * @property port 0 takes a free one
 * @property tls null lets nodes talk in clear text, and anybody with them: for loopback and closed networks only
 */
class ClusterConfig(
    val name: String,
    val roles: Set<Role> = Role.entries.toSet(),
    val host: String = "127.0.0.1",
    val port: Int = 0,
    val joining: Joining = Joining.Seeds(emptyList()),
    val tls: ClusterTls? = null,
)

/** What a node does for the cluster. */
enum class Role {
    /** Takes requests. */
    GATEWAY,

    /** Hosts grains. */
    SILO,

    /** Has a device for encoders. */
    WORKER,
    ;

    /** As it is written in options and seen by other nodes. */
    val label: String = name.lowercase()
}

/** How a node finds the cluster. */
sealed interface Joining {
    /** Through any of [nodes]. The first of them starts the cluster where none of the others belongs to one; with no nodes this one does. */
    data class Seeds(val nodes: List<NodeAddress>) : Joining

    /**
     * Through the addresses that [name] resolves to, as of a headless service in Kubernetes. The lowest of them starts the cluster
     * where none of the others belongs to one. [port] is every node's.
     */
    data class Dns(val name: String, val port: Int) : Joining

    /**
     * Through the pods that [selector], a label selector of Kubernetes, selects. The one with the lowest address starts the cluster where
     * none of the others belongs to one. [port] is every node's.
     */
    data class Kubernetes(val selector: String, val port: Int, val api: KubernetesApi) : Joining
}

data class NodeAddress(val host: String, val port: Int) {
    override fun toString() = "$host:$port"
}

/**
 * PEM files that are read again when they change, at the latest [REREAD_AFTER] later. All nodes' certificates share a name, such as
 * that of the service, and are signed by [ca]; a node without such a certificate is not talked to.
 */
class ClusterTls(val certificate: Path, val key: Path, val ca: Path, val rereadAfter: Duration = REREAD_AFTER) {
    companion object {
        val REREAD_AFTER: Duration = Duration.ofMinutes(1)
    }
}
