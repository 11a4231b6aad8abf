package routercluster.cli.cluster

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.ClusterTls
import routercluster.silo.config.Joining
import routercluster.silo.config.KubernetesApi
import routercluster.silo.config.NodeAddress
import routercluster.silo.config.Role
import java.net.InetAddress
import java.net.UnknownHostException

internal const val CLUSTER_PORT = 7700
private const val PORT_MAX = 65_535

/** What makes `serve` a node of a cluster; without `--cluster` it is alone. */
class ClusterOptions : OptionGroup("Options of a cluster's node") {
    private val name by option(
        "--cluster",
        help = "name of the cluster to be a node of; default: none, and no port is opened to other nodes",
        metavar = "NAME",
        envvar = "ROUTER_CLUSTER",
    )
    private val roles by option(
        "--role",
        help = "what this node does: gateway (takes requests), silo (keeps conversations and other state), worker (has a device), " +
            "several with commas, or all; default all",
        metavar = "ROLE,…",
        envvar = "ROUTER_ROLE",
    ).convert { text -> rolesIn(text) ?: fail("$text: give gateway, silo, worker, or all") }

    /** Where other nodes reach this one. */
    private val host by option(
        "--cluster-host",
        help = "address at which other nodes reach this one; default: --host, else 127.0.0.1",
        metavar = "HOST",
        envvar = "ROUTER_CLUSTER_HOST",
    )
    private val port by option(
        "--cluster-port",
        help = "for other nodes; default $CLUSTER_PORT",
        metavar = "PORT",
        envvar = "ROUTER_CLUSTER_PORT",
    ).int()
        .restrictTo(0, PORT_MAX)
        .default(CLUSTER_PORT)
    private val joining by option(
        "--join",
        help = "nodes to find the cluster through, as host:port with commas: the first of them may start it. Or dns:NAME:PORT for all " +
            "that a name resolves to, such as a headless service, or kubernetes:SELECTOR:PORT for the pods with these labels: the lowest " +
            "address may start it. Default: start a cluster",
        metavar = "NODES",
        envvar = "ROUTER_JOIN",
    ).convert { text ->
        joiningIn(text, System::getenv)
            ?: fail("$text: give host:port,host:port, dns:NAME:PORT or kubernetes:SELECTOR:PORT")
    }
    private val certificate by option(
        "--cluster-tls-cert",
        help = "PEM file with this node's certificate and its chain; all nodes' certificates share a name; read again when it changes",
        envvar = "ROUTER_CLUSTER_TLS_CERT",
    ).path()
    private val key by option("--cluster-tls-key", help = "PEM file with its key", envvar = "ROUTER_CLUSTER_TLS_KEY").path()
    private val ca by option(
        "--cluster-tls-ca",
        help = "PEM file of who signs all nodes' certificates; a node without one is not talked to",
        envvar = "ROUTER_CLUSTER_TLS_CA",
    ).path()
    private val insecure by option(
        "--cluster-insecure",
        help = "let nodes talk in clear text beyond loopback: whoever reaches the port can do anything",
        envvar = "ROUTER_CLUSTER_INSECURE",
    ).flag()

    private val policyFrom by option(
        "--policy-from",
        help = "whose policy to start with where the cluster has one already: cluster, or file, which then becomes that of all nodes; " +
            "default cluster",
        envvar = "ROUTER_POLICY_FROM",
    ).choice("cluster" to false, "file" to true)
        .default(false)

    /** Whether the policy file that the node is started with is to become the cluster's. */
    val fileComesFirst: Boolean get() = policyFrom

    /**
     * Null where the node is alone.
     *
     * @param doorHost where the doors listen
     * @throws UsageError for options that make no sense together
     */
    fun config(doorHost: String?): ClusterConfig? {
        val cluster = name
        if (cluster == null) {
            if (roles != null || joining != null ||
                tls() != null
            ) {
                throw UsageError("--role, --join and --cluster-tls-… need --cluster NAME")
            }
            return null
        }
        val address = host ?: doorHost ?: LOOPBACK
        val tls = tls()
        checkAddress(address, tls)
        return ClusterConfig(cluster, roles ?: Role.entries.toSet(), address, port, joining ?: Joining.Seeds(emptyList()), tls)
    }

    private fun tls(): ClusterTls? {
        val files = listOfNotNull(certificate, key, ca)
        return when (files.size) {
            0 -> null
            TLS_FILES -> ClusterTls(files[0], files[1], files[2])
            else -> throw UsageError("--cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca go together")
        }
    }

    private fun checkAddress(address: String, tls: ClusterTls?) {
        val ip =
            try {
                InetAddress.getByName(address)
            } catch (_: UnknownHostException) {
                throw UsageError("--cluster-host: $address is not known here")
            }
        if (ip.isAnyLocalAddress) throw UsageError("other nodes cannot reach $address: give this node's own address with --cluster-host")
        if (tls == null && !insecure && !ip.isLoopbackAddress) {
            throw UsageError(
                "nodes at $address would talk in clear text, and with anybody: give --cluster-tls-cert, --cluster-tls-key and " +
                    "--cluster-tls-ca, or --cluster-insecure on a closed network",
            )
        }
    }

    private companion object {
        const val LOOPBACK = "127.0.0.1"
        const val TLS_FILES = 3
    }
}

internal fun rolesIn(text: String): Set<Role>? {
    if (text == "all") return Role.entries.toSet()
    val named = text.split(',').map { label -> Role.entries.find { it.label == label.trim() } ?: return null }
    return named.toSet()
}

internal fun joiningIn(text: String, environment: (String) -> String?): Joining? {
    if (text.startsWith("dns:")) return nodeIn(text.removePrefix("dns:"))?.let { Joining.Dns(it.host, it.port) }
    if (text.startsWith("kubernetes:")) return nodeIn(text.removePrefix("kubernetes:"))?.let { podsOf(it.host, it.port, environment) }
    val nodes = text.split(',').map { nodeIn(it.trim()) ?: return null }
    return Joining.Seeds(nodes)
}

private fun podsOf(selector: String, port: Int, environment: (String) -> String?): Joining {
    val api = KubernetesApi.ofPod(environment)
        ?: throw UsageError("--join kubernetes:…: this process is in no pod of Kubernetes, or its pod has no service account")
    return Joining.Kubernetes(selector, port, api)
}

private fun nodeIn(text: String): NodeAddress? {
    val host = text.substringBeforeLast(':', "")
    val port = text.substringAfterLast(':').toIntOrNull()?.takeIf { it in 1..PORT_MAX }
    return if (host.isEmpty() || port == null) null else NodeAddress(host, port)
}
