package routercluster.gateway

import com.linecorp.armeria.common.SessionProtocol
import com.linecorp.armeria.common.metric.NoopMeterRegistry
import com.linecorp.armeria.server.Server
import com.linecorp.armeria.server.ServerBuilder
import com.linecorp.armeria.server.healthcheck.SettableHealthChecker
import org.slf4j.helpers.NOPLogger
import routercluster.gateway.admin.AdminApi
import routercluster.gateway.extproc.ExtProcLimits
import routercluster.gateway.extproc.PipelineDoor
import routercluster.gateway.extproc.extProcService
import routercluster.gateway.http.Admission
import routercluster.gateway.http.EdgeErrors
import routercluster.gateway.http.HttpDoor
import routercluster.gateway.pipeline.Accounts
import routercluster.gateway.pipeline.Pipeline
import routercluster.gateway.upstream.UpstreamPool
import routercluster.policy.Policy
import routercluster.policy.record.DecisionRing
import routercluster.telemetry.OpenTelemetryTracing
import routercluster.telemetry.PrometheusEvents
import routercluster.telemetry.Tracing
import java.net.InetSocketAddress
import java.nio.file.Path
import java.time.Clock
import java.time.Duration
import kotlin.random.Random

/**
 * What a gateway node needs to be told. Port 0 takes a free one.
 *
 * @property file followed for changes of [policy]; null follows nothing
 * @property adminHost the admin API has no login yet: keep it on loopback
 * @property random drawn from by many threads
 */
class GatewayConfig(
    val policy: Policy,
    val file: Path? = null,
    val host: String = "127.0.0.1",
    val port: Int = 8899,
    val extProcPort: Int = 50051,
    val adminPort: Int = 8080,
    val adminHost: String = "127.0.0.1",
    val version: String,
    val environment: (String) -> String? = System::getenv,
    val clock: Clock = Clock.systemUTC(),
    val random: Random = SharedRandom,
)

/** A gateway that answers. [close] drains: nothing new is let in, what runs may finish within the policy's drain timeout. */
class RunningGateway internal constructor(
    val keeper: PolicyKeeper,
    private val admission: Admission,
    private val serving: SettableHealthChecker,
    private val doors: List<Server>,
    private val operators: Server,
    private val resources: List<AutoCloseable>,
    val port: Int,
    val extProcPort: Int,
    val adminPort: Int,
) : AutoCloseable {
    override fun close() {
        admission.drain()
        serving.setHealthy(false)
        // The doors first: the admin port answers probes until the last request is done.
        doors.map { it.stop() }.forEach { it.join() }
        operators.stop().join()
        resources.forEach(AutoCloseable::close)
    }
}

/**
 * Wires a gateway and opens its ports.
 *
 * @throws java.util.concurrent.CompletionException when a port is taken
 */
fun gateway(config: GatewayConfig): RunningGateway {
    val policy = config.policy
    val metrics = PrometheusEvents()
    val tracing = policy.tracing?.let(OpenTelemetryTracing::otlp) ?: Tracing.OFF
    val pool = UpstreamPool()
    val keeper =
        PolicyKeeper(policy, config.file, config.environment, config.clock, metrics) {
            pool.upstreams(it.models.values, it.gateway.forwarding, config.random)
        }
    val admission = Admission()
    val accounts = Accounts(metrics)
    val decisions = DecisionRing(policy.gateway.decisionsKept)
    val pipeline = Pipeline(tracing, decisions, config.clock, config.random)
    val door = HttpDoor(keeper::snapshot, pipeline, accounts, admission, config.clock)
    val envoyDoor = PipelineDoor(keeper::snapshot, pipeline, accounts, admission, config.clock)
    val serving = SettableHealthChecker(true)
    var ports = emptyMap<String, Int>()
    val admin = AdminApi(keeper, admission, decisions, metrics::scrape, config.version) { ports }

    val http = doorServer(config.host, config.port, policy).apply(admin::addProbes).serviceUnder("/", door).build()
    val extProc = doorServer(config.host, config.extProcPort, policy).service(extProcService(envoyDoor, ExtProcLimits(policy.gateway.limits.bodyBytesMax), serving)).build()
    val operators = plainServer(config.adminHost, config.adminPort).apply(admin::addTo).build()
    listOf(http, extProc, operators).forEach { it.start().join() }
    ports = mapOf("http" to http.activeLocalPort(), "extproc" to extProc.activeLocalPort(), "admin" to operators.activeLocalPort())
    keeper.follow()
    val resources = listOf(keeper, pool, tracing, metrics)
    return RunningGateway(
        keeper,
        admission,
        serving,
        listOf(http, extProc),
        operators,
        resources,
        http.activeLocalPort(),
        extProc.activeLocalPort(),
        operators.activeLocalPort(),
    )
}

private fun plainServer(host: String, port: Int): ServerBuilder =
    Server
        .builder()
        .port(InetSocketAddress(host, port), SessionProtocol.HTTP)
        .errorHandler(EdgeErrors)
        .accessLogger { _ -> NOPLogger.NOP_LOGGER }
        // Our own events say more; Armeria's meters would cost time on every request.
        .meterRegistry(NoopMeterRegistry.get())

/** Headers up to twice the policy's bound are read, so that most refusals come from us and leave the connection open. */
private fun doorServer(host: String, port: Int, policy: Policy): ServerBuilder {
    val gateway = policy.gateway
    return plainServer(host, port)
        .maxRequestLength(gateway.limits.bodyBytesMax)
        .http1MaxHeaderSize(gateway.limits.headerBytesMax * 2)
        .http2MaxHeaderListSize(gateway.limits.headerBytesMax * 2L)
        .requestTimeout(gateway.forwarding.totalTimeout.plus(ANSWER_GRACE))
        .gracefulShutdownTimeout(Duration.ZERO, gateway.drainTimeout)
}

/** Our own deadline answers first, in the client's error shape. */
private val ANSWER_GRACE: Duration = Duration.ofSeconds(5)
