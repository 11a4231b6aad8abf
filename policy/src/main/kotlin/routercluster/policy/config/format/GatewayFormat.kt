package routercluster.policy.config.format

import routercluster.policy.Evaluation
import routercluster.policy.FailureClass
import routercluster.policy.Forwarding
import routercluster.policy.GatewaySettings
import routercluster.policy.Limits
import routercluster.policy.catalog.EncoderSettings
import routercluster.policy.catalog.ExecutionProvider
import routercluster.policy.catalog.HttpProtocol
import routercluster.policy.catalog.Slot
import routercluster.policy.config.durationText
import routercluster.policy.config.formatSignals
import routercluster.policy.decisions.ConfidenceSemantics
import routercluster.policy.outcomes.FeedbackTopic
import routercluster.policy.outcomes.HintKind
import routercluster.policy.selectors.ExperimentSelector
import routercluster.policy.selectors.Guards
import java.time.Duration

private const val KIB = 1024L
private const val MIB = 1024L * KIB
private const val GIB = 1024L * MIB
private val timeouts = Duration.ofMillis(1)..Duration.ofHours(24)
private val waits = Duration.ZERO..Duration.ofHours(1)
private val graces = Duration.ZERO..Duration.ofMinutes(5)
private val encoderWaits = Duration.ofMillis(1)..Duration.ofMinutes(5)

private val limitsFormat = fields(acts = "both doors") {
    val default = Limits()
    size("body_bytes_max", KIB..1_024 * MIB, "Length of a body.", "${default.bodyBytesMax / MIB}MiB")
    whole("json_depth_max", 4..1_000, "Depth of JSON.", default.jsonDepthMax, unit = "levels")
    whole("messages_max", 1..1_000_000, "Messages of a request.", default.messagesMax)
    whole("headers_max", 8..10_000, "Headers of a request.", default.headersMax)
    size("header_bytes_max", KIB..16 * MIB, "Length of all headers.", "${default.headerBytesMax / KIB}KiB")
    whole("concurrent_requests_max", 1..1_000_000, "Requests at the same time.", default.concurrentRequestsMax)
    size(
        "body_bytes_in_flight_max",
        KIB..1_024 * GIB,
        "Bytes of bodies at the same time, over all requests; at least body_bytes_max.",
        "${default.bodyBytesInFlightMax / MIB}MiB",
    )
}

private val forwardingFormat = fields(acts = "attempts at upstreams") {
    val default = Forwarding()
    whole("attempts_max", 1..20, "Attempts of one request over all models.", default.attemptsMax)
    time("connect_timeout", timeouts, "Longest wait for a connection.", durationText(default.connectTimeout))
    time("first_byte_timeout", timeouts, "Longest wait for an answer's first byte.", durationText(default.firstByteTimeout))
    time("idle_timeout", timeouts, "Longest wait between two pieces of an answer.", durationText(default.idleTimeout))
    time("total_timeout", timeouts, "Longest time for one request.", durationText(default.totalTimeout))
    texts(
        "fall_back_on",
        "Failures after which the decision's next candidate is tried.",
        FailureClass.entries.map { it.name.lowercase() },
        default.fallBackOn.joinToString(", ", "[", "]") { it.name.lowercase() },
    )
    whole("retry_budget_percent", 0..100, "Retries as a share of requests.", default.retryBudgetPercent)
    time(
        "hedge_after",
        Duration.ofMillis(1)..Duration.ofHours(1),
        "Silence after which a second attempt is sent beside the first; else none.",
    )
    whole("hedge_percent_max", 0..100, "Share of requests that are hedged.", default.hedgePercentMax)
    time("backoff", waits, "Wait before a retry.", durationText(default.backoff))
    time("retry_after_max", waits, "Longest Retry-After that is waited for.", durationText(default.retryAfterMax))
}

private val remoteFormat = fields {
    choice("protocol", HttpProtocol.entries.map { it.name.lowercase() }, "How it is spoken to.", required = true)
    text("base_url", "Its address.", required = true)
    text("model", "Name of the model there.")
    secret("api_key", "Its key.")
    text("api_key_env", "Environment variable that holds the key.")
    whole("dimensions", 1..65_536, "Length of a vector.")
    texts("labels", "Labels of a classifier.")
    texts("positive_labels", "Labels that count as found.")
    whole("batch_max", 1..4_096, "Texts of one call.")
    whole("concurrent_max", 1..1_024, "Calls at the same time.")
    size("answer_bytes_max", KIB..256 * MIB, "Length of an answer.")
    whole("window_characters", 64..1_000_000, "Length of a piece of text.", unit = "characters")
    whole("windows_max", 1..10_000, "Pieces of one text.")
    whole("retries", 0..20, "Attempts after the first.")
}

private val encoderFormat = fields(acts = "encoders") {
    val default = EncoderSettings("", null)
    name("Name of the encoder, once; `default` is that of this program.")
    text("folder", "Its folder.")
    part("remote", "The service that it is; goes with none of the settings of an encoder in this process.", remoteFormat)
    part("serves", "Head by what it serves.") { Slot.entries.forEach { text(it.key, "Head for ${it.key}.") } }
    texts("providers", "Where it runs, the first that can.", ExecutionProvider.entries.map { it.name.lowercase() })
    whole("device", 0..255, "Number of the device.", default.device)
    whole("threads", 1..256, "Threads.")
    whole("queue_tokens_max", 512..100_000_000, "Tokens that wait.", default.queueTokensMax, unit = "tokens")
    time("queue_wait_max", encoderWaits, "Longest wait in the queue.", durationText(default.queueWaitMax))
    whole("batch_tokens_max", 16..10_000_000, "Tokens of one batch.", default.batchTokensMax, unit = "tokens")
    whole("window_tokens", 16..1_000_000, "Length of a piece of text.")
    whole("window_overlap_tokens", 0..100_000, "Overlap of two pieces.")
    whole("windows_max", 1..100_000, "Pieces of one text.", default.windowsMax)
    time("timeout", encoderWaits, "Longest wait for it.", durationText(default.timeout))
}

private val armFormat = fields {
    name("Name of the arm, once in its experiment.")
    number("share", 0.0..1.0, "Share of conversations; those of all arms make 1.", required = true)
    field("algorithm", Kind.Same(ALGORITHM_PATH), "How it picks; left out, as the decision does.")
    texts("models", "Candidates that it may pick; left out, all.", default = "[]")
}

private val learningFormat = fields(acts = "decisions") {
    val default = Guards()
    share(
        "exploration_max",
        "Share of a decision's requests that may go to a model only because too little is known of it.",
        default.explorationMax,
    )
    share("quality_floor", "A model whose share of good verdicts is surely lower is not picked; else there is no floor.")
    flag("freeze", "Whether a model whose errors or bad verdicts rose is not picked while they last.", default.freezes)
    texts("shadow", "Decisions whose algorithm only notes what it would pick: the order of the file is served.", default = "[]")
    parts("experiments", "Decisions whose conversations are split among several ways to pick.") {
        name("Name of the experiment; another name splits anew.")
        text("decision", "The decision, of two candidates or more; one experiment each.", required = true)
        parts(
            "arms",
            "The ways, ${ExperimentSelector.ARMS.first} to ${ExperimentSelector.ARMS.last}; the first is what others are compared with.",
            armFormat,
            required = true,
        )
    }
}

private val kafkaFormat = fields(acts = "all decisions") {
    texts("servers", "Brokers as host:port; those that are named tell of the others.")
    part("feedback", "Statements on requests, one a message, as a line of /v1/router/outcomes.") {
        text("topic", "Where they are read.", required = true)
        text("group", "Readers that share the topic: the nodes of this cluster.", FeedbackTopic.GROUP)
    }
    part("records", "Decision records without texts of requests, one a message, when their answers have ended.") {
        text("topic", "Where they are written.", required = true)
    }
    textMap("client", "Properties of Kafka's client on security: security.protocol, sasl.*, ssl.*; none names a class.", secret = true)
}

internal val gatewayFormat = fields(acts = "both doors") {
    val default = GatewaySettings()
    part("limits", "What a client may send.", limitsFormat)
    part("rate_limits", "How much callers may ask for.", rateLimitsFormat)
    part("forwarding", "How attempts are made.", forwardingFormat)
    texts("trusted_peers", "Addresses and CIDR blocks whose identity headers are believed.", default = "[]")
    whole("decisions_kept", 0..1_000_000, "Decision records that each node keeps in memory.", default.decisionsKept)
    time(
        "decisions_kept_for",
        Duration.ofMinutes(1)..Duration.ofDays(400),
        "How long the cluster's store keeps each decision record; without it, none is kept there.",
    )
    whole(
        "feedback_per_identity_max",
        1..1_000_000,
        "Verdicts of one caller that count for one model of one decision within 30 days.",
        default.feedbackPerIdentityMax,
        unit = "verdicts",
    )
    texts(
        "implicit_verdicts",
        "What answers and next requests let on, counted as parts of verdicts.",
        HintKind.entries.map { it.key },
        "[]",
    )
    part("learning", "What holds selectors back.", learningFormat)
    part("kafka", "Topics that feedback comes from and decision records go to; read at the start.", kafkaFormat)
    time("drain_timeout", waits, "Longest wait for requests under way at the end.", durationText(default.drainTimeout))
    time(
        "drain_grace",
        graces,
        "How long a node of a cluster says that it leaves, and still takes requests, before it refuses them.",
        durationText(default.drainGrace),
    )
    parts("encoders", "Encoders and how they run.", encoderFormat)
    part("signal_timeouts", "Longest wait for learned signals, by type.", acts = "encoders") {
        formatSignals.values.forEach { time(it, encoderWaits, "Longest wait for $it.") }
    }
    texts("no_stream_usage_from", "Upstreams, models or providers that are not asked for the usage of streams.", default = "[]")
    texts("speak_responses", "Upstreams, models or providers that speak the Responses API themselves.", default = "[]")
    choice(
        "confidence_semantics",
        ConfidenceSemantics.entries.map { it.name.lowercase() },
        "Whether what was not found counts.",
        default.confidence.name.lowercase(),
    )
    choice(
        "evaluation",
        Evaluation.entries.map { it.name.lowercase() },
        "As few signals as the decision needs, or all.",
        default.evaluation.name.lowercase(),
    )
    part("extproc_tls", "Certificate of the ExtProc port; else it speaks clear text.") {
        text("certificate_file", "The certificate and those that lead to its root, in PEM.", required = true)
        text("key_file", "Its key, in PEM, without a password.", required = true)
        text("client_ca_file", "Who vouches for Envoys, which then must show a certificate.")
    }
}
