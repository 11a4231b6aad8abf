package routercluster.cli

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.core.subcommands
import org.slf4j.event.Level
import routercluster.cli.cache.cache
import routercluster.cli.cluster.cluster
import routercluster.cli.discovery.SIMULATED_MODELS
import routercluster.cli.dsl.TestPolicy
import routercluster.cli.dsl.dsl
import routercluster.cli.language.CompileWords
import routercluster.cli.learning.learning
import routercluster.cli.serve.Serve
import routercluster.cli.serve.startNode
import routercluster.cli.train.TrainSelector
import routercluster.cli.versions.policyVersions
import routercluster.gateway.encode.EncoderPool
import routercluster.gateway.encode.ReadyPolicy
import routercluster.gateway.encode.embedded
import routercluster.gateway.encode.planWith
import routercluster.gateway.encode.ready
import routercluster.gateway.envoy.Address
import routercluster.gateway.envoy.ClientCertificate
import routercluster.gateway.envoy.EnvoyOptions
import routercluster.gateway.envoy.renderEnvoy
import routercluster.gateway.pipeline.Snapshot
import routercluster.gateway.versions.PolicyHistory
import routercluster.languageserver.EditorSettings
import routercluster.languageserver.serveEditor
import routercluster.mock.Fault
import routercluster.mock.RetryAfter
import routercluster.mock.RunningMock
import routercluster.mock.Script
import routercluster.mock.mockLlm
import routercluster.policy.Listener
import routercluster.policy.Policy
import routercluster.policy.config.format.configSchema
import routercluster.policy.config.lint.Finding
import routercluster.policy.config.lint.lint
import routercluster.policy.config.lint.membersToEmbed
import routercluster.policy.config.migrate.migrate
import routercluster.policy.dsl.Expectation
import routercluster.policy.encode.EncodeFailure
import routercluster.policy.record.BadRecord
import routercluster.policy.record.DecisionRecord
import routercluster.policy.record.decisionRecordOf
import routercluster.policy.record.render
import routercluster.policy.record.replay
import routercluster.policy.record.toJson
import routercluster.policy.request.ChatBody
import routercluster.policy.request.Facts
import routercluster.policy.request.Identity
import routercluster.policy.request.Message
import routercluster.policy.request.Role
import routercluster.policy.request.parseChat
import routercluster.policy.routing.ModelName
import routercluster.policy.routing.Plan
import routercluster.policy.routing.Target
import routercluster.policy.routing.begin
import routercluster.policy.routing.resolve
import routercluster.telemetry.LogFormat
import routercluster.telemetry.configureLogging
import java.io.InputStream
import java.io.OutputStream
import java.time.Clock
import java.time.Duration
import kotlin.random.Random

/** The commands in the order of the help text, each with the functions of other modules that it needs. */
fun commands(): List<CoreCliktCommand> =
    listOf(
        Serve(::loadWithFiles, ::logTo, ::startNode, ::simulate, ::simulateUnpaced),
        Init(),
        Validate(::loadWithFiles, ::lintWithEncoders),
        Lint(::loadWithFiles, ::lintWithEncoders),
        Migrate(::loadWithFiles, ::migrate),
        Schema(::configSchema),
        LanguageServer(::serveEditors),
        Explain(::loadWithFiles, ::parseChat, ::explained) { recordIn(it).render() },
        Eval(::loadWithFiles, ::evaluated),
        Replay(::loadWithFiles, replay = ::replayed).subcommands(ReplayExport(::recordIn)),
        Evaluate(::loadWithFiles, ::decisionRecordOf),
        experiment(::decisionRecordOf),
        learning(),
        cache(),
        TrainSelector(::loadWithFiles),
        CompileWords(::loadWithFiles, ::lint, ::routesMet, ::evaluated),
        dsl(::loadWithFiles),
        TestPolicy(::loadWithFiles, ::routesMet),
        policyVersions(::loadWithFiles, PolicyHistory::of),
        Models(::loadWithFiles),
        Status(),
        cluster(),
        Version(),
        MockLlm(::logTo, ::startMock),
        EnvoyConfig(::loadWithFiles, ::rendered),
    )

/** Libraries log from their first use on, so commands that start servers call this before anything else. */
private fun logTo(format: LogFormat, level: Level): AutoCloseable = configureLogging(format, level)

/** Returns the exit status. */
private fun serveEditors(input: InputStream, output: OutputStream): Int {
    val settings = EditorSettings(version, ::loadWithFiles, System::getenv)
    return logTo(LogFormat.HUMAN, Level.WARN).use { serveEditor(input, output, settings) }
}

private class MockProcess(private val mock: RunningMock) : Simulation {
    override val port get() = mock.port

    override fun close() = mock.close()
}

/** The model pair that stands in where there is no real one: quick, but slow enough to see a stream. */
private fun simulate(): Simulation =
    MockProcess(mockLlm(Script(firstTokenDelay = Duration.ofMillis(40), tokensPerSecond = 200.0, models = SIMULATED_MODELS)))

private fun simulateUnpaced(): Simulation = MockProcess(mockLlm(Script(models = SIMULATED_MODELS)))

private fun startMock(behaviour: MockBehaviour, port: Int): Simulation {
    val faults =
        listOfNotNull(
            behaviour.cutAfterTokens?.let { Fault.Cut(it) to 1.0 },
            (Fault.Status(500) to behaviour.errorRate).takeIf { behaviour.errorRate > 0 },
            (Fault.Status(429, retryAfter(behaviour.retryAfter)) to behaviour.rateLimitRate).takeIf { behaviour.rateLimitRate > 0 },
        )
    if (faults.size > 1) throw UsageError("give one of --error-rate, --rate-limit-rate, --cut-after; POST /script changes it while it runs")
    val (fault, rate) = faults.firstOrNull() ?: (null to 0.0)
    val script =
        Script(
            headersDelay = behaviour.headersAfter,
            firstTokenDelay = behaviour.firstTokenAfter,
            tokensPerSecond = behaviour.tokensPerSecond.takeIf { it > 0 },
            tokens = behaviour.tokens,
            fault = fault,
            faultRate = rate,
            models = behaviour.models,
        )
    return MockProcess(mockLlm(script, port, seed = behaviour.seed))
}

private fun retryAfter(wait: Duration): RetryAfter =
    if (wait.toMillis() % 1_000 == 0L) RetryAfter.Seconds(wait.toSeconds().toInt()) else RetryAfter.Millis(wait.toMillis().toInt())

private fun explained(policy: Policy, body: ChatBody, identity: Identity): Explained {
    val facts = Facts(body.messages, body.toolCount, body.metadata, identity, Snapshot.languages(policy))
    // Libraries that load with an encoder have much to say, and it would stand in the answer.
    val plan = logTo(LogFormat.HUMAN, Level.WARN).use { EncoderPool(localEncoders).use { planned(it, policy, body.model, facts) } }
    val record = DecisionRecord.of("explain", Clock.systemUTC().instant(), plan)
    val services = servicesAsked(record, policy)
    val json = record.toJson()
    services.forEach { (name, address) -> json.withObject("/services").put(name, address) }
    val lines = services.entries.joinToString("") { (name, address) -> "  $name  $address\n" }
    val told = if (services.isEmpty()) "" else "\nSERVICES\n$lines"
    return Explained(record.render() + told, pretty(json))
}

/**
 * As [lint], with the members of partitions compared by the encoders of this process. Where those cannot be opened, nothing is said of what
 * they would tell: that is for the commands which need them.
 */
private fun lintWithEncoders(policy: Policy, file: String, environment: (String) -> String?): List<Finding> {
    val members = membersToEmbed(policy) ?: return lint(policy, file, environment)
    val compared =
        try {
            logTo(LogFormat.HUMAN, Level.WARN).use { EncoderPool(localEncoders).use { it.embedded(policy, members) } }
        } catch (_: EncodeFailure) {
            policy
        }
    return lint(compared, file, environment)
}

/** Where the services are that were asked for a decision, by name. */
private fun servicesAsked(record: DecisionRecord, policy: Policy): Map<String, String> =
    record.calls
        .flatMap { it.passages }
        .flatMap { it.heads }
        .map { it.encoder }
        .distinct()
        .mapNotNull { name -> policy.catalog.addressOf(name)?.let { name to it } }
        .toMap()

/** The decision that each query meets, with encoders opened once for all of them. */
private fun routesMet(policy: Policy, expectations: List<Expectation>): List<String?> =
    logTo(LogFormat.HUMAN, Level.WARN).use {
        EncoderPool(localEncoders).use { encoders ->
            readied(encoders, policy).use { ready -> expectations.map { routeMet(ready, it) } }
        }
    }

private fun routeMet(ready: ReadyPolicy, expectation: Expectation): String? {
    val recipe = ready.policy.recipes.getValue(expectation.recipe)
    val facts = Facts(listOf(Message(Role.USER, expectation.query)), languages = Snapshot.languages(ready.policy))
    val asked = Target.Routed(ModelName(recipe.name, recipe.name), recipe)
    return planWith(ready.lease, ready.policy.begin(asked, facts, Random(0))).decision?.name
}

/** With every signal read; encoders are opened where the policy has use for them. */
private fun planned(encoders: EncoderPool, policy: Policy, model: String, facts: Facts): Plan {
    val ready = readied(encoders, policy)
    val planning = ready.policy.begin(ready.policy.resolve(model), facts, Random(0), everything = true)
    return ready.use { planWith(it.lease, planning) }
}

private fun readied(encoders: EncoderPool, policy: Policy): ReadyPolicy =
    try {
        encoders.ready(policy)
    } catch (failure: EncodeFailure) {
        throw Failure("learned signals cannot be read: ${failure.message}")
    }

private fun replayed(text: String, policy: Policy): Explained {
    val comparison = replay(recordIn(text), policy)
    return Explained(comparison.render(), pretty(comparison.toJson()))
}

private fun recordIn(text: String): DecisionRecord =
    try {
        decisionRecordOf(text)
    } catch (e: BadRecord) {
        throw Failure(e.message)
    }

private fun rendered(policy: Policy, addresses: EnvoyAddresses): String {
    val default = Listener("http", "127.0.0.1", 8801, Duration.ofSeconds(300))
    val listeners = policy.listeners.ifEmpty { listOf(default) }
    val client = addresses.tls.clientCertificate?.let { certificate -> addresses.tls.clientKey?.let { ClientCertificate(certificate, it) } }
    if (policy.gateway.extProcTls?.clientCaFile != null && client == null) {
        throw UsageError(
            "the policy asks Envoy for a certificate (gateway.extproc_tls.client_ca_file): give --client-certificate and --client-key",
        )
    }
    val options =
        EnvoyOptions(
            extProc = Address(addresses.routerHost, addresses.extProcPort),
            httpDoor = Address(addresses.routerHost, addresses.httpPort),
            listeners = addresses.listenPort?.let { port -> listOf(listeners.first().copy(port = port)) } ?: listeners,
            adminPort = addresses.adminPort.takeIf { it != 0 },
            accessLog = addresses.accessLog,
            client = client,
        )
    return renderEnvoy(policy, addresses.tls.routerCa?.let { options.copy(routerCaFile = it) } ?: options)
}
