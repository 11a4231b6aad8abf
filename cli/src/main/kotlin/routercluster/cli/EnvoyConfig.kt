package routercluster.cli

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.policy.Policy

/** Where Envoy listens and where it finds the router. [listenPort] is null where the policy's listeners say it. */
class EnvoyAddresses(
    val listenPort: Int?,
    val adminPort: Int,
    val routerHost: String,
    val extProcPort: Int,
    val httpPort: Int,
    val accessLog: Boolean,
    val tls: EnvoyTls,
)

/** Files as Envoy finds them, for an ext_proc port with TLS; null where they were not given. */
class EnvoyTls(val routerCa: String?, val clientCertificate: String?, val clientKey: String?)

/** `router envoy-config`: an Envoy configuration for a policy. */
class EnvoyConfig(private val load: LoadPolicy, private val render: (Policy, EnvoyAddresses) -> String) :
    Command(
        "envoy-config",
        "Render an Envoy configuration from a policy file: clusters, health checks, outlier ejection, the ExtProc filter.",
        listOf("router envoy-config router.yaml --port 8801 > envoy.yaml"),
    ) {
    private val file by argument("FILE").path()
    private val port by port("--port", "port Envoy listens on; default: the policy's listeners")
    private val adminPort by port("--admin-port", "port of Envoy's own admin page; default 9901").default(9901)
    private val routerHost by option("--router-host").help("where the router runs; default 127.0.0.1").default("127.0.0.1")
    private val extProcPort by port("--extproc-port", "the router's ExtProc port; default 50051").default(50_051)
    private val httpPort by port("--http-port", "the router's HTTP port; default 8899").default(8899)
    private val routerCa by option("--router-ca", metavar = "FILE")
        .help("certificates that the router's must lead to, where the policy has gateway.extproc_tls; default: the system's")
    private val clientCertificate by option("--client-certificate", metavar = "FILE")
        .help("what Envoy shows the router, where the policy has gateway.extproc_tls.client_ca_file")
    private val clientKey by option("--client-key", metavar = "FILE").help("the key of --client-certificate")
    private val noAccessLog by option("--no-access-log", help = "write no line per request").flag()

    override fun run() {
        val tls = EnvoyTls(routerCa, clientCertificate, clientKey)
        if ((clientCertificate == null) != (clientKey == null)) throw UsageError("give --client-certificate and --client-key, or neither")
        val addresses = EnvoyAddresses(port, adminPort, routerHost, extProcPort, httpPort, !noAccessLog, tls)
        echo(render(load.fromFile(file), addresses).trimEnd())
    }
}
