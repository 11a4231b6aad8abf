package routercluster.cli

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.policy.Policy

/** Where Envoy listens and where it finds the router. */
class EnvoyAddresses(val listenPort: Int, val adminPort: Int, val routerHost: String, val extProcPort: Int, val httpPort: Int)

/** `router envoy-config`: an Envoy configuration for a policy. */
class EnvoyConfig(private val load: LoadPolicy, private val render: (Policy, EnvoyAddresses) -> String) :
    Command(
        "envoy-config",
        "Render an Envoy configuration from a policy file: clusters, health checks, outlier ejection, the ExtProc filter.",
        listOf("router envoy-config router.yaml > envoy.yaml"),
    ) {
    private val file by argument("FILE").path()
    private val port by option("--port")
        .int()
        .restrictTo(1..65_535)
        .help("port Envoy listens on; default 8801")
        .default(8801)
    private val adminPort by option(
        "--admin-port",
    ).int().restrictTo(1..65_535).help("port of Envoy's own admin page; default 9901").default(9901)
    private val routerHost by option("--router-host").help("where the router runs; default 127.0.0.1").default("127.0.0.1")
    private val extProcPort by option(
        "--extproc-port",
    ).int().restrictTo(1..65_535).help("the router's ExtProc port; default 50051").default(50_051)
    private val httpPort by option("--http-port")
        .int()
        .restrictTo(1..65_535)
        .help("the router's HTTP port; default 8899")
        .default(8899)

    override fun run() {
        echo(render(load.fromFile(file), EnvoyAddresses(port, adminPort, routerHost, extProcPort, httpPort)).trimEnd())
    }
}
