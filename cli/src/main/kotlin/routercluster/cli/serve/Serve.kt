package routercluster.cli.serve

import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.enum
import com.github.ajalt.clikt.parameters.types.path
import org.slf4j.event.Level
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.Simulation
import routercluster.cli.cluster.ClusterOptions
import routercluster.cli.counted
import routercluster.cli.discovery.Discover
import routercluster.cli.discovery.discoverProviders
import routercluster.cli.discovery.starterPolicy
import routercluster.cli.opening
import routercluster.cli.untilTerminated
import routercluster.cli.versions.DataFolder
import routercluster.policy.Policy
import routercluster.policy.config.format.byFeature
import routercluster.telemetry.LogFormat
import java.nio.file.Path
import java.util.concurrent.CompletionStage

private const val FALL_BACK_PORT = 8899
private const val FALL_BACK_HOST = "127.0.0.1"
private const val PORT_OPTIONS = "--port, --extproc-port, --admin-port or --cluster-port"

/**
 * `router serve`: opens both doors and stays until told to end.
 *
 * @param log sets up logging for the whole process; closing it writes what is queued
 * @param start opens the gateway's ports
 * @param simulate starts the simulated model pair on a free port
 * @param simulateUnpaced the same, answering at once: for a rehearsal
 * @param wait holds the command until the process is told to end, then closes what it was given; or until that has ended by itself
 */
class Serve(
    private val load: LoadPolicy,
    private val log: (LogFormat, Level) -> AutoCloseable,
    private val start: (ServeSettings) -> Running,
    private val simulate: () -> Simulation,
    private val simulateUnpaced: () -> Simulation = simulate,
    private val discover: Discover = ::discoverProviders,
    private val wait: (AutoCloseable, CompletionStage<String?>) -> Unit = ::untilTerminated,
) : Command(
        "serve",
        "Route requests: HTTP door, ExtProc door and admin API. Without --config it looks for models in reach.",
        listOf(
            "router serve",
            "router serve --config router.yaml --port 9000",
            "OPENAI_API_KEY=… router serve",
            "router serve --config router.yaml --cluster prod --host 10.0.0.2 --join 10.0.0.1:7700 --cluster-tls-cert …",
        ),
    ) {
    private val config by option("--config", help = "policy file; it is read again whenever it changes", envvar = "ROUTER_CONFIG").path()
    private val host by option(
        "--host",
        help = "address to listen on, and where other nodes of a cluster reach this one; default: the policy's listener, " +
            "else $FALL_BACK_HOST",
        envvar = "ROUTER_HOST",
    )
    private val port by port("--port", "HTTP door; default: the policy's listener, else $FALL_BACK_PORT", free = true, "ROUTER_PORT")
    private val extProcPort by port("--extproc-port", "Envoy external processor; default 50051", free = true, "ROUTER_EXTPROC_PORT")
        .default(50_051)
    private val adminPort by port("--admin-port", "admin API, on 127.0.0.1; default 8080", free = true, "ROUTER_ADMIN_PORT").default(8080)
    private val logFormat by option("--log-format", help = "json also leaves out the greeting; default human", envvar = "ROUTER_LOG_FORMAT")
        .enum<LogFormat> { it.name.lowercase() }
        .default(LogFormat.HUMAN)
    private val logLevel by option("--log-level", help = "default info", envvar = "ROUTER_LOG_LEVEL")
        .enum<Level> { it.name.lowercase() }
        .default(Level.INFO)
    private val allowInactive by option(
        "--allow-inactive",
        help = "serve a policy that asks for features which are not built yet, without them",
        envvar = "ROUTER_ALLOW_INACTIVE",
    ).flag()
    private val data by DataFolder()
    private val cluster by ClusterOptions()
    private val noWatch by option("--no-watch", help = "do not read the policy file again when it changes").flag()

    /** Simulated models, free ports, some requests, the end: the launcher records which classes that takes. */
    private val rehearse by option("--rehearse", hidden = true).flag()

    override fun run() {
        log(logFormat, if (rehearse) Level.WARN else logLevel).use {
            val file = config
            when {
                rehearse -> rehearsal()
                file != null -> serve(complete(load.fromFile(file), file), "$file", null)
                else -> serveFound()
            }
        }
    }

    /** @throws Failure with what [policy] asks for in vain, what protects first */
    private fun complete(policy: Policy, file: Path): Policy {
        val features = policy.inactive.byFeature()
        if (features.isEmpty() || allowInactive) return policy
        val refused = "$file: asks for ${counted(features.size, "feature")} not built yet; --allow-inactive serves it without them"
        throw Failure((features.map { "$it" } + refused).joinToString("\n"))
    }

    private fun serveFound() {
        val found = discover(::environment)
        if (found.isNotEmpty()) {
            val source = "made for ${found.joinToString { it.title }}; `router init` writes it to a file"
            return serve(load.fromText(starterPolicy(found, 0), "(found models)"), source, null)
        }
        val simulation = simulate()
        serve(load.fromText(starterPolicy(found, simulation.port), "(simulated models)"), "made for simulated models", simulation)
    }

    private fun serve(policy: Policy, source: String, simulation: Simulation?) {
        val settings = settings(policy)
        val running = opening(settings.port, PORT_OPTIONS) { start(settings) }
        if (logFormat == LogFormat.HUMAN) {
            val auto = askFor(policy)
            echo(banner(policy, source, settings.host, running))
            if (simulation != null) {
                echo(simulationNotice(settings.host, running.port, auto))
            } else if (config == null && running.port != 0) {
                echo(tryLine(settings.host, running.port, auto))
            }
        }
        val all =
            AutoCloseable {
                running.close()
                simulation?.close()
            }
        wait(all, running.ended)
    }

    private fun settings(policy: Policy): ServeSettings {
        val listener = policy.listeners.firstOrNull()
        return ServeSettings(
            policy = policy,
            file = config,
            host = host ?: listener?.address ?: FALL_BACK_HOST,
            port = port ?: listener?.port ?: FALL_BACK_PORT,
            extProcPort = extProcPort,
            adminPort = adminPort,
            allowInactive = allowInactive,
            watch = !noWatch,
            data = data.path,
            cluster = cluster.config(host),
        )
    }

    private fun rehearsal() =
        simulateUnpaced().use { simulation ->
            val policy = load.fromText(starterPolicy(emptyList(), simulation.port), "(rehearsal)")
            start(ServeSettings(policy, null, FALL_BACK_HOST, 0, 0, 0)).use { rehearseRequests(it.port) }
        }
}
