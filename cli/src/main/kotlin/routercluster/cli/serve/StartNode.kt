package routercluster.cli.serve

import routercluster.cli.Failure
import routercluster.cli.loadWithFiles
import routercluster.cli.localEncoders
import routercluster.cli.version
import routercluster.gateway.GatewayConfig
import routercluster.gateway.RunningGateway
import routercluster.gateway.gateway
import routercluster.gateway.tls.InvalidTls
import routercluster.gateway.versions.PolicyHistory
import routercluster.gateway.versions.Standing
import routercluster.policy.record.Records
import routercluster.silo.OpeningSilo
import routercluster.silo.RunningSilo
import routercluster.silo.config.ClusterConfig
import routercluster.silo.config.Role
import routercluster.silo.config.SiloConfig
import routercluster.silo.silo
import routercluster.telemetry.InvalidTracing
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicReference
import routercluster.cli.opening as openingPort

/** Time beyond the drain of requests that closing the doors may take. */
private val CLOSE_MARGIN: Duration = Duration.ofSeconds(10)

/** Opens a node of a cluster, or one that is alone: its doors, where it has any, and what its grains live in. */
internal fun startNode(settings: ServeSettings): Running {
    val drainMax = settings.policy.gateway.run { drainGrace.plus(drainTimeout).plus(CLOSE_MARGIN) }
    val opening = OpeningSilo { silo(SiloConfig(settings.cluster, version, drainMax)) }
    // What is wrong with a member's port or files is said before any door opens; a node that is alone opens when its doors have.
    settings.cluster?.let { awaitOpen(opening, it) }
    val parts = AtomicReference<NodeParts>()
    val gateway =
        try {
            openGateway(settings, nodeParts(settings, opening).also(parts::set), opening)
        } catch (failure: Exception) {
            opening.close()
            parts.get()?.close()
            throw failure
        }
    opening.whenOpen { silo ->
        parts.get().topics?.read(gateway.statements)
        silo.beforeLeaving("topics") { parts.get().topics?.stopReading() }
        silo.beforeLeaving("doors", gateway::close)
        report(silo, gateway)
    }
    opening.begin()
    return NodeProcess(gateway, opening, parts.get())
}

private fun awaitOpen(opening: OpeningSilo, cluster: ClusterConfig) {
    opening.begin()
    try {
        openingPort(cluster.port, "--cluster-port") { opening.await() }
    } catch (failed: CompletionException) {
        val cause = generateSequence<Throwable>(failed) { it.cause }.last()
        throw Failure("the node cannot be opened: ${cause.message}")
    }
}

private fun openGateway(settings: ServeSettings, parts: NodeParts, opening: OpeningSilo): RunningGateway {
    val cluster = settings.cluster
    val learning = parts.learning
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
            sharing = parts.shared?.policy,
            encoders = parts.shared?.encoders ?: localEncoders,
            cluster = opening.view,
            hasDoors = cluster == null || Role.GATEWAY in cluster.roles,
            first = cluster?.let { mapOf("cluster: ${it.name} has not let this node in yet" to opening.joined) }.orEmpty(),
            troubles = parts::troubles,
            limits = parts.limits,
            conversations = parts.conversations,
            offersResponses = { it.responses.enabled },
            outcomes = learning?.outcomes,
            records = learning?.records ?: Records.NONE,
            sink = parts.topics?.records,
            replaySecret = learning?.replaySecret ?: { null },
            decisions = parts.ring,
            vectors = keptVectors(settings),
            cacheParts = parts.cacheParts,
            cacheLedger = parts.cacheLedger,
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
    silo.facts.add("policy fault") { gateway.standing()?.fault ?: gateway.keeper.lastLoad.reason ?: "none" }
    silo.facts.add("policy version") { gateway.standing()?.let(::words) ?: "its own" }
    silo.facts.add("encoders") {
        gateway
            .encoders()
            .map { (name, status) -> "$name on ${status.device}, ${status.queuedTokens} tokens wait" }
            .joinToString("; ")
            .ifEmpty { "none" }
    }
}

private fun words(standing: Standing): String {
    val wanted = standing.wanted?.number ?: 0
    return if (standing.running == wanted) "$wanted" else "${standing.running} of $wanted"
}

private class NodeProcess(
    private val gateway: RunningGateway,
    private val opening: OpeningSilo,
    private val parts: NodeParts,
) : Running {
    override val port get() = gateway.port
    override val extProcPort get() = gateway.extProcPort
    override val adminPort get() = gateway.adminPort
    override val clusterAddress get() = opening.address
    override val ended: CompletionStage<String?> get() = opening.ended

    /** The silo closes the doors before it goes; where it never opened, they are closed here. */
    override fun close() {
        opening.close()
        gateway.close()
        parts.close()
    }
}
