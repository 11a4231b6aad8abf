package routercluster.cli.serve

import routercluster.cli.Failure
import routercluster.cli.complete
import routercluster.cli.loadWithFiles
import routercluster.cli.localEncoders
import routercluster.cli.version
import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.gateway
import routercluster.gateway.tls.InvalidTls
import routercluster.gateway.versions.PolicyHistory
import routercluster.silo.OpeningSilo
import routercluster.silo.RunningSilo
import routercluster.silo.config.Role
import routercluster.silo.config.SiloConfig
import routercluster.silo.silo
import routercluster.telemetry.InvalidTracing
import java.net.BindException
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage

/** Time beyond the drain of requests that closing the doors may take. */
private val CLOSE_MARGIN: Duration = Duration.ofSeconds(10)

/** Opens a node of a cluster, or one that is alone: its doors, where it has any, and what its grains live in. */
internal fun startNode(settings: ServeSettings): Running {
    val drainMax = settings.policy.gateway.drainTimeout
        .plus(CLOSE_MARGIN)
    val opening = OpeningSilo { silo(SiloConfig(settings.cluster, version, drainMax)) }
    // What is wrong with a member's port or files is said before any door opens; a node that is alone opens beside its doors.
    if (settings.cluster != null) awaitOpen(opening)
    val gateway =
        try {
            openGateway(settings, opening)
        } catch (failure: Exception) {
            opening.close()
            throw failure
        }
    opening.whenOpen { silo ->
        silo.beforeLeaving("doors", gateway::close)
        report(silo, gateway)
    }
    return NodeProcess(gateway, opening)
}

private fun awaitOpen(opening: OpeningSilo) {
    try {
        opening.await()
    } catch (failed: CompletionException) {
        val causes = generateSequence<Throwable>(failed) { it.cause }
        if (causes.any { it is BindException }) throw failed
        throw Failure("the node cannot be opened: ${causes.last().message}")
    }
}

private fun openGateway(settings: ServeSettings, opening: OpeningSilo): RunningGateway {
    val cluster = settings.cluster
    val config =
        GatewayConfig(
            policy = settings.policy,
            file = settings.file.takeIf { settings.watch },
            history = settings.file?.let { PolicyHistory.of(it, settings.data) },
            host = settings.host,
            port = settings.port,
            extProcPort = settings.extProcPort,
            adminPort = settings.adminPort,
            version = version,
            load = { text, name -> loadWithFiles(text, name, System::getenv).complete(settings.allowInactive) },
            encoders = localEncoders,
            cluster = opening.view,
            hasDoors = cluster == null || Role.GATEWAY in cluster.roles,
            first = cluster?.let { mapOf("cluster: ${it.name} has not let this node in yet" to opening.joined) }.orEmpty(),
        )
    return try {
        gateway(config)
    } catch (invalid: InvalidTls) {
        throw Failure("gateway.extproc_tls: ${invalid.message}")
    } catch (invalid: InvalidTracing) {
        throw Failure("tracing: ${invalid.message}")
    }
}

/** What the node says of itself in `router cluster status`. */
private fun report(silo: RunningSilo, gateway: RunningGateway) {
    silo.facts.add("policy revision") {
        gateway.keeper
            .snapshot()
            .policy.shortRevision
    }
    silo.facts.add("policy fault") { gateway.keeper.lastLoad.reason ?: "none" }
    silo.facts.add("encoders") {
        gateway
            .encoders()
            .map { (name, status) -> "$name on ${status.device}, ${status.queuedTokens} tokens wait" }
            .joinToString("; ")
            .ifEmpty { "none" }
    }
}

private class NodeProcess(private val gateway: RunningGateway, private val opening: OpeningSilo) : Running {
    override val port get() = gateway.port
    override val extProcPort get() = gateway.extProcPort
    override val adminPort get() = gateway.adminPort
    override val clusterAddress get() = opening.address
    override val ended: CompletionStage<String?> get() = opening.ended

    /** The silo closes the doors before it goes; where it never opened, they are closed here. */
    override fun close() {
        opening.close()
        gateway.close()
    }
}
