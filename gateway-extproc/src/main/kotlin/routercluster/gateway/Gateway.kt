package routercluster.gateway

import com.linecorp.armeria.common.SessionProtocol
import com.linecorp.armeria.common.metric.NoopMeterRegistry
import com.linecorp.armeria.common.util.EventLoopGroups
import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.grpc.GrpcService
import com.linecorp.armeria.server.healthcheck.SettableHealthChecker
import io.netty.channel.EventLoopGroup
import org.slf4j.LoggerFactory
import org.slf4j.helpers.NOPLogger
import routercluster.gateway.admin.AdminApi
import routercluster.gateway.admin.ClusterApi
import routercluster.gateway.admin.ConversationFactsApi
import routercluster.gateway.admin.DecisionLookup
import routercluster.gateway.admin.PolicyApplyApi
import routercluster.gateway.admin.PolicyHistoryApi
import routercluster.gateway.admin.Readiness
import routercluster.gateway.admin.addLearnt
import routercluster.gateway.admin.candidates
import routercluster.gateway.cache.AnswerDesk
import routercluster.gateway.cache.CacheParts
import routercluster.gateway.cache.answers
import routercluster.gateway.classify.ClassificationApi
import routercluster.gateway.encode.EncoderOpener
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ready
import routercluster.gateway.encode.remote.RemoteEncoders
import routercluster.gateway.extproc.ExtProcLimits
import routercluster.gateway.extproc.PipelineDoor
import routercluster.gateway.extproc.extProcService
import routercluster.gateway.feedback.FeedbackApi
import routercluster.gateway.feedback.FeedbackDesk
import routercluster.gateway.http.Admission
import routercluster.gateway.http.EdgeErrors
import routercluster.gateway.http.HttpDoor
import routercluster.gateway.http.answerHttp10
import routercluster.gateway.limits.LimitDesk
import routercluster.gateway.limits.RunningLimits
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.pipeline.ReplayIds
import routercluster.gateway.pipeline.Sessions
import routercluster.gateway.responses.ResponsesApi
import routercluster.gateway.responses.Serving
import routercluster.gateway.tls.FileTls
import routercluster.gateway.upstream.UpstreamPool
import routercluster.gateway.versions.ClusterFollower
import routercluster.gateway.versions.ClusterShare
import routercluster.gateway.versions.PolicyHistory
import routercluster.gateway.versions.PolicySharing
import routercluster.gateway.versions.Standing
import routercluster.grains.cluster.ClusterView
import routercluster.policy.Policy
import routercluster.policy.cache.CacheLedger
import routercluster.policy.config.loadPolicy
import routercluster.policy.conversations.Conversations
import routercluster.policy.encode.EncoderStatus
import routercluster.policy.limits.LimitAuthority
import routercluster.policy.outcomes.LocalOutcomes
import routercluster.policy.outcomes.Outcomes
import routercluster.policy.outcomes.StatementIntake
import routercluster.policy.record.DecisionRing
import routercluster.policy.record.RecordSink
import routercluster.policy.record.Records
import routercluster.policy.vectors.VectorStore
import routercluster.telemetry.Events
import routercluster.telemetry.PrometheusEvents
import routercluster.telemetry.Tracing
import routercluster.telemetry.openTracing
import java.net.InetSocketAddress
import java.nio.file.Path
import java.security.SecureRandom
import java.time.Clock
import java.time.Duration
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicReference
import kotlin.random.Random
import kotlin.random.asKotlinRandom

/**
 * What a gateway node needs to be told. Port 0 takes a free one.
 *
 * @property file followed for changes of [policy]; null follows nothing
 * @property sharing of one policy by the nodes of a cluster; null for a node that runs its file's
 * @property history of [policy] and what comes after it; null keeps none
 * @property load proves the text of a changed policy file; the second text is its name
 * @property encoders opens those that a policy's learned signals ask; called for no other policy
 * @property environment looked up for the settings of tracing
 * @property adminHost the admin API has no login yet: keep it on loopback
 * @property random drawn from by many threads
 * @property eventLoops threads that do the I/O of all doors and upstreams
 * @property tracing null takes what policy and environment say
 * @property events hears everything that the metrics hear
 * @property cluster that this node belongs to; null leaves it out of the admin API
 * @property hasDoors whether requests are taken; a node without doors has its admin API alone
 * @property first what has to complete before this node is ready, by what it is in words
 * @property troubles what is wrong with what this node uses, in words: it serves all the same, and says so
 * @property limits keeps the counts of limits; null keeps them in this process, for as long as it runs
 * @property conversations where the Responses API keeps them; null offers no such API: its requests pass to the model that they name
 * @property offersResponses whether a policy wants that API
 * @property ids drawn from by many threads; nobody may guess what it gives
 * @property outcomes null learns in this process alone, and takes no feedback
 * @property replaySecret of the cluster: with it, a replay id says all that feedback needs; null while there is none
 * @property decisions of this node, where others ask for them; null makes one as large as the policy says
 * @property records where records are looked for that this node does not have
 * @property sink where records go when their answers have ended; null where nowhere
 * @property vectors opens the store of answers that are given to requests that are alike; null gives none to such
 * @property cacheParts what answers that are given again need from outside
 * @property cacheLedger where it is kept what was done to kept answers; null keeps it in this process, for as long as it runs
 * @property pause holds the calling thread while a node that is to end still takes requests
 */
class GatewayConfig(
    val policy: Policy,
    val file: Path? = null,
    val history: PolicyHistory? = null,
    val sharing: PolicySharing? = null,
    val host: String = "127.0.0.1",
    val port: Int = 8899,
    val extProcPort: Int = 50051,
    val adminPort: Int = 8080,
    val adminHost: String = "127.0.0.1",
    val version: String,
    val load: (text: String, file: String) -> Policy = { text, name -> loadPolicy(text, name, System::getenv) },
    val encoders: EncoderOpener = EncoderOpener.NONE,
    val environment: (String) -> String? = System::getenv,
    val clock: Clock = Clock.systemUTC(),
    val random: Random = SharedRandom,
    val eventLoops: Int = Runtime.getRuntime().availableProcessors(),
    val tracing: Tracing? = null,
    val events: Events = Events.NONE,
    val cluster: ClusterView? = null,
    val hasDoors: Boolean = true,
    val first: Map<String, CompletionStage<*>> = emptyMap(),
    val troubles: () -> List<String> = { emptyList() },
    val limits: LimitAuthority? = null,
    val conversations: Conversations? = null,
    val offersResponses: (Policy) -> Boolean = { true },
    val ids: Random = SecureRandom().asKotlinRandom(),
    val outcomes: Outcomes? = null,
    val replaySecret: () -> ByteArray? = { null },
    val records: Records = Records.NONE,
    val sink: RecordSink? = null,
    val decisions: DecisionRing? = null,
    val vectors: (() -> VectorStore)? = null,
    val cacheParts: CacheParts = CacheParts(),
    val cacheLedger: CacheLedger? = null,
    private val pause: (Duration) -> Unit = { CountDownLatch(1).await(it.toMillis(), TimeUnit.MILLISECONDS) },
) {
    /** Null for a node alone: there is nobody else to come to. */
    internal val grace: ((Duration) -> Unit)? get() = pause.takeIf { sharing != null }
}

/**
 * A gateway that answers. [close] drains: load balancers are told so and nothing new is let in; what runs may finish within the policy's
 * drain timeout. Where others may answer instead, requests that come within the policy's grace are still let in, and connections are ended
 * with their answers; then the doors' ports close, so that whoever connects tries another node.
 */
class RunningGateway internal constructor(
    val keeper: PolicyKeeper,
    private val admission: Admission,
    private val serving: SettableHealthChecker,
    private val servers: Servers,
    private val resources: List<AutoCloseable>,
    private val grace: ((Duration) -> Unit)?,
    val encoders: () -> Map<String, EncoderStatus>,
    val standing: () -> Standing?,
    val statements: StatementIntake,
) : AutoCloseable {
    /** 0, as [extProcPort], where there are no doors. */
    val port: Int = servers.doors?.http?.activeLocalPort() ?: 0
    val extProcPort: Int = servers.doors?.extProc?.activeLocalPort() ?: 0
    val adminPort: Int = servers.operators.activeLocalPort()

    /** Takes as long as the drain; a second call does nothing. */
    @Synchronized
    override fun close() {
        if (!admission.leaveSoon()) return
        serving.setHealthy(false)
        val settings = keeper.snapshot().policy.gateway
        if (grace != null && servers.doors != null) {
            grace(settings.drainGrace)
            servers.doors.closePorts()
            // Whoever got in at the last moment has not asked yet.
            grace(LAST_MOMENT)
        }
        val emptied = admission.drain()
        val limit = settings.drainTimeout
        try {
            emptied.get(limit.toMillis(), TimeUnit.MILLISECONDS)
        } catch (_: TimeoutException) {
            log.warn("{} requests were cut off, being unfinished after {} ms", admission.inFlight, limit.toMillis())
        }
        servers.stop()
        resources.forEach(AutoCloseable::close)
    }

    private companion object {
        val LAST_MOMENT: Duration = Duration.ofMillis(500)
        val log = LoggerFactory.getLogger(RunningGateway::class.java)
    }
}

internal class Doors(val http: Server, val extProc: Server, private val acceptors: Acceptors) {
    /** Nobody gets in any more; connections that are open stay so. */
    fun closePorts() = acceptors.closePorts()
}

internal class Servers(val doors: Doors?, val operators: Server) {
    private val all = listOfNotNull(doors?.http, doors?.extProc, operators)

    /** All of them or none. */
    fun start() {
        try {
            all.forEach { it.start().join() }
        } catch (taken: CompletionException) {
            stop()
            throw taken
        }
    }

    fun stop() = all.map { it.stop() }.forEach { it.join() }

    fun ports(): Map<String, Int> {
        val open = doors?.let { mapOf("http" to it.http.activeLocalPort(), "extproc" to it.extProc.activeLocalPort()) }.orEmpty()
        return open + ("admin" to operators.activeLocalPort())
    }
}

/**
 * Wires a gateway and opens its ports.
 *
 * @throws CompletionException when a port is taken
 * @throws routercluster.telemetry.InvalidTracing for a setting in the environment that OpenTelemetry does not take
 * @throws routercluster.gateway.tls.InvalidTls for files that the policy names and that cannot be used
 */
fun gateway(config: GatewayConfig): RunningGateway {
    val policy = config.policy
    val tls = policy.gateway.extProcTls?.let(::FileTls)
    val metrics = PrometheusEvents()
    val events = if (config.events === Events.NONE) metrics else Events.all(metrics, config.events)
    val tracing = config.tracing ?: openTracing(policy.tracing, config.environment)
    // One thread a core serves both sides of a request: more of them only wake each other up.
    val loops = EventLoopGroups.newEventLoopGroup(config.eventLoops, "router", true)
    val pool = UpstreamPool(loops)
    val encoders = encoderPool(config.encoders, RemoteEncoders(loops), metrics)
    val admission = Admission()
    val readiness = Readiness(admission, config.troubles)
    val follower = ClusterFollower(readiness)
    val share = config.sharing?.let { ClusterShare(it, "${config.file?.fileName ?: "policy"}", config.clock, follower::wake) }
    val keeper =
        PolicyKeeper(policy, config.file, config.load, config.clock, events, encoders::ready, config.history, share) {
            pool.upstreams(it.models.values, it.gateway.forwarding, config.random)
        }
    val outcomes = config.outcomes ?: LocalOutcomes(config.clock)
    addGauges(metrics, keeper, outcomes, config.sink)
    val replayIds = ReplayIds(config.replaySecret)
    val decisions = config.decisions ?: DecisionRing(policy.gateway.decisionsKept)
    val kept = answers(config, encoders, events, metrics, decisions)
    val accounts = Accounts(events, config.clock, config.records, config.conversations?.let { notes(it, metrics) }, kept, config.sink)
    val limits = RunningLimits(config, loops, metrics)
    val desk = LimitDesk(limits.reservations, limits.services, events)
    val sessions = Sessions(config.conversations, config.clock)
    val pipeline = Pipeline(tracing, decisions, config.clock, config.random, outcomes, replayIds, desk, sessions, kept)
    val judges = FeedbackDesk(outcomes, replayIds, decisions, config.records, config.clock) { keeper.snapshot().policy.candidates(it) }
    val feedback = FeedbackApi(judges, events, keeper::enter)
    val models = Serving(keeper::enter, pipeline, accounts, admission)
    val responses = config.conversations?.let { ResponsesApi(models, it, config.offersResponses, config.clock, config.ids) }
    val door = HttpDoor(keeper::enter, pipeline, accounts, admission, config.clock, responses)
    val envoyDoor = PipelineDoor(keeper::enter, pipeline, accounts, admission, config.clock, feedback, responses != null)
    val serving = SettableHealthChecker(true)
    val opened = AtomicReference<Servers>()
    val standing = { share?.let { follower.standing(keeper, it) } }
    val lookup = DecisionLookup(decisions, replayIds, config.records)
    val ports = { opened.get()?.ports().orEmpty() }
    val admin = AdminApi(keeper, admission, readiness, lookup, metrics::scrape, config.version, encoders::status, standing, ports)
    val extProc = extProcService(envoyDoor, ExtProcLimits(policy.gateway.limits.bodyBytesMax), serving)
    val doors = {
        openDoors(config, loops, tls, extProc) { apply(admin::addProbes).apply(feedback::addToDoor).serviceUnder("/", door) }
    }
    val servers =
        Servers(
            doors.takeIf { config.hasDoors }?.invoke(),
            operatorServer(config, loops) {
                apply(admin::addTo).apply(feedback::addTo).addLearnt(outcomes, config.clock, keeper).addOwn(config, keeper, encoders, kept)
            },
        )
    // Encoders first: a reload that waits for one ends.
    val ending = AutoCloseable { loops.shutdownGracefully(0, 1, TimeUnit.SECONDS) }
    val resources = listOfNotNull(encoders, follower, share, keeper, pool, limits, kept, tracing, metrics, ending)
    begin(config.first, keeper, readiness)
    start(servers, resources)
    opened.set(servers)
    keeper.follow()
    share?.let { follower.follow(keeper, it) }
    return RunningGateway(keeper, admission, serving, servers, resources, config.grace, encoders::status, standing, feedback)
}

private fun start(servers: Servers, resources: List<AutoCloseable>) {
    try {
        servers.start()
    } catch (taken: CompletionException) {
        resources.forEach(AutoCloseable::close)
        throw taken
    }
}

private fun operatorServer(config: GatewayConfig, loops: EventLoopGroup, services: ServerBuilder.() -> ServerBuilder): Server =
    plainServer(config.adminHost, config.adminPort, loops).services().build()

private fun ServerBuilder.addOwn(config: GatewayConfig, keeper: PolicyKeeper, encoders: EncoderPool, kept: AnswerDesk): ServerBuilder =
    apply(PolicyHistoryApi(keeper, config.history)::addTo)
        .apply { kept.addTo(this) { keeper.snapshot().policy } }
        .apply(PolicyApplyApi(keeper)::addTo)
        .apply(ClassificationApi(keeper::enter, encoders)::addTo)
        .apply { config.cluster?.let { ClusterApi(it).addTo(this) } }
        .apply { config.conversations?.let { ConversationFactsApi(it).addTo(this) } }

private fun openDoors(
    config: GatewayConfig,
    loops: EventLoopGroup,
    tls: FileTls?,
    extProc: GrpcService,
    http: ServerBuilder.() -> ServerBuilder,
): Doors {
    val acceptors = Acceptors()
    return Doors(
        doorServer(config.host, config.port, config.policy, loops)
            .bossGroupFactory(acceptors::one)
            .childChannelPipelineCustomizer(::answerHttp10)
            .http()
            .build(),
        doorServer(config.host, config.extProcPort, config.policy, loops, tls)
            .bossGroupFactory(acceptors::one)
            .http2MaxResetFramesPerWindow(RESETS_UNBOUNDED, RESET_WINDOW_SECONDS)
            .service(extProc)
            .build(),
        acceptors,
    )
}

/** Tells how much waits at each encoder that was opened. */
private fun encoderPool(opener: EncoderOpener, remotes: RemoteEncoders, metrics: PrometheusEvents): EncoderPool {
    val self = AtomicReference<EncoderPool>()
    val pool =
        EncoderPool(opener, remotes) { name ->
            metrics.gauge("router.encoder.queued.tokens", "Tokens that wait or are being read", "encoder", name) {
                self
                    .get()
                    .status()[name]
                    ?.queuedTokens
                    ?.toDouble() ?: 0.0
            }
        }
    self.set(pool)
    return pool
}

private fun plainServer(host: String, port: Int, loops: EventLoopGroup, tls: FileTls? = null): ServerBuilder =
    Server
        .builder()
        .workerGroup(loops, false)
        .bossGroupFactory(Acceptors()::one)
        .port(InetSocketAddress(host, port), if (tls == null) SessionProtocol.HTTP else SessionProtocol.HTTPS)
        .apply { tls?.let { tlsProvider(it, it.config) } }
        .errorHandler(EdgeErrors)
        .accessLogger { _ -> NOPLogger.NOP_LOGGER }
        // Our own events say more; Armeria's meters would cost time on every request.
        .meterRegistry(NoopMeterRegistry.get())
        // The drain is over when servers are stopped.
        .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)

/** Headers a little beyond the policy's bound are read, so that most refusals come from us and leave the connection open. */
private fun doorServer(host: String, port: Int, policy: Policy, loops: EventLoopGroup, tls: FileTls? = null): ServerBuilder {
    val gateway = policy.gateway
    val headerBytesMax = gateway.limits.headerBytesMax + HEADER_MARGIN_BYTES
    return plainServer(host, port, loops, tls)
        .maxRequestLength(gateway.limits.bodyBytesMax)
        .http1MaxHeaderSize(headerBytesMax)
        .http2MaxHeaderListSize(headerBytesMax.toLong())
        .requestTimeout(gateway.forwarding.totalTimeout.plus(HttpDoor.ANSWER_GRACE))
}

/** Envoy ends each of its calls with a reset, so the guard against floods of them would take our own proxy for an attacker. */
private const val RESETS_UNBOUNDED = 0
private const val RESET_WINDOW_SECONDS = 1

/** What a server counts and a policy does not: separators, line ends, HTTP/2's overhead per header. */
private const val HEADER_MARGIN_BYTES = 16 * 1024
