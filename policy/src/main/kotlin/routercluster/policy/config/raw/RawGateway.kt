package routercluster.policy.config.raw

import routercluster.policy.Evaluation
import routercluster.policy.FailureClass
import routercluster.policy.ServerTls
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.choose
import routercluster.policy.config.formatSignals
import routercluster.policy.decisions.ConfidenceSemantics
import routercluster.policy.outcomes.HintKind
import java.time.Duration

/** The `gateway` section, ours and not the seed's: what the doors allow and how they forward. Null means the default. */
internal class RawGateway(
    val limits: RawLimits = RawLimits(),
    val forwarding: RawForwarding = RawForwarding(),
    val trustedPeers: List<Text> = emptyList(),
    val decisionsKept: Int? = null,
    val drainTimeout: Duration? = null,
    val drainGrace: Duration? = null,
    val encoders: List<RawEncoder> = emptyList(),
    val signalTimeouts: Map<String, Duration> = emptyMap(),
    val noStreamUsageFrom: List<Text> = emptyList(),
    val speakResponses: List<Text> = emptyList(),
    val extProcTls: ServerTls? = null,
    val confidence: ConfidenceSemantics? = null,
    val evaluation: Evaluation? = null,
    val limitRules: RawLimitRules? = null,
    val decisionsKeptFor: Duration? = null,
    val feedbackPerIdentityMax: Int? = null,
    val hints: Set<HintKind> = emptySet(),
    val learning: RawLearning = RawLearning(),
    val kafka: RawKafka? = null,
)

internal class RawLimits(
    val at: Location? = null,
    val bodyBytesMax: Long? = null,
    val jsonDepthMax: Int? = null,
    val messagesMax: Int? = null,
    val headersMax: Int? = null,
    val headerBytesMax: Long? = null,
    val concurrentRequestsMax: Int? = null,
    val bodyBytesInFlightMax: Long? = null,
)

internal class RawForwarding(
    val at: Location? = null,
    val attemptsMax: Int? = null,
    val connectTimeout: Duration? = null,
    val firstByteTimeout: Duration? = null,
    val idleTimeout: Duration? = null,
    val totalTimeout: Duration? = null,
    val fallBackOn: Set<FailureClass>? = null,
    val retryBudgetPercent: Int? = null,
    val hedgeAfter: Duration? = null,
    val hedgePercentMax: Int? = null,
    val backoff: Duration? = null,
    val retryAfterMax: Duration? = null,
)

private const val KIB = 1024L
private const val MIB = 1024L * KIB
private const val GIB = 1024L * MIB

private val timeouts = Duration.ofMillis(1)..Duration.ofHours(24)
private val recordTimes = Duration.ofMinutes(1)..Duration.ofDays(400)
private val waits = Duration.ZERO..Duration.ofHours(1)
private val graces = Duration.ZERO..Duration.ofMinutes(5)

internal fun readGateway(section: Section?): RawGateway {
    if (section == null) return RawGateway()
    return RawGateway(
        section.section("limits")?.let(::readLimits) ?: RawLimits(),
        section.section("forwarding")?.let(::readForwarding) ?: RawForwarding(),
        section.texts("trusted_peers"),
        section.int("decisions_kept", 0..1_000_000),
        section.duration("drain_timeout", waits),
        section.duration("drain_grace", graces),
        section.sections("encoders").mapNotNull(::readEncoder),
        section.section("signal_timeouts")?.let(::readSignalTimeouts).orEmpty(),
        section.texts("no_stream_usage_from"),
        section.texts("speak_responses"),
        section.section("extproc_tls")?.let(::readServerTls),
        section.oneOf("confidence_semantics", confidenceSemantics),
        section.oneOf("evaluation", evaluations),
        section.section("rate_limits")?.let(::readLimitRules),
        section.duration("decisions_kept_for", recordTimes),
        section.int("feedback_per_identity_max", 1..1_000_000),
        section.texts("implicit_verdicts").mapNotNullTo(mutableSetOf()) { choose(it, hintKinds, emptyList(), section.problems) },
        section.section("learning")?.let(::readLearning) ?: RawLearning(),
        section.section("kafka")?.let(::readKafka),
    )
}

private val confidenceSemantics = ConfidenceSemantics.entries.associateBy { it.name.lowercase() }
private val hintKinds = HintKind.entries.associateBy { it.key }
private val evaluations = Evaluation.entries.associateBy { it.name.lowercase() }

/** By the type that conditions use. */
private fun readSignalTimeouts(section: Section): Map<String, Duration> {
    val types = formatSignals.values
    return types.mapNotNull { type -> section.duration(type, signalTimeouts)?.let { type to it } }.toMap()
}

private fun readServerTls(section: Section) =
    ServerTls(section.requiredString("certificate_file"), section.requiredString("key_file"), section.text("client_ca_file")?.value)

private fun readLimits(section: Section) =
    RawLimits(
        section.here,
        section.bytes("body_bytes_max", KIB..1_024 * MIB),
        section.int("json_depth_max", 4..1_000),
        section.int("messages_max", 1..1_000_000),
        section.int("headers_max", 8..10_000),
        section.bytes("header_bytes_max", KIB..16 * MIB),
        section.int("concurrent_requests_max", 1..1_000_000),
        section.bytes("body_bytes_in_flight_max", KIB..1_024 * GIB),
    )

private val failureClasses = FailureClass.entries.associateBy { it.name.lowercase() }

private fun readForwarding(section: Section) =
    RawForwarding(
        section.here,
        section.int("attempts_max", 1..20),
        section.duration("connect_timeout", timeouts),
        section.duration("first_byte_timeout", timeouts),
        section.duration("idle_timeout", timeouts),
        section.duration("total_timeout", timeouts),
        section
            .texts("fall_back_on")
            .mapNotNullTo(mutableSetOf()) { choose(it, failureClasses, emptyList(), section.problems) }
            .takeIf { section.has("fall_back_on") },
        section.int("retry_budget_percent", 0..100),
        section.duration("hedge_after", Duration.ofMillis(1)..Duration.ofHours(1)),
        section.int("hedge_percent_max", 0..100),
        section.duration("backoff", waits),
        section.duration("retry_after_max", waits),
    )
