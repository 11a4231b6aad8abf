package routercluster.policy.config.format

private val batchClassification = fields {
    part("batch_classification", "Texts judged many at a time.") {
        whole("max_batch_size", 1..1_000_000, "Texts of one call.", 100)
        whole("concurrency_threshold", 1..100_000, "Texts from which on they are judged side by side.", 5)
        whole("max_concurrency", 1..100_000, "Texts judged side by side.", 8)
        part("metrics", "What is counted.") {
            enabled()
            share("sample_rate", "Share of calls that are counted.", 1.0)
            parts("batch_size_ranges", "Names for sizes of calls.") {
                whole("min", counts, "From.", required = true)
                whole("max", -1..MANY, "To; -1 is without end.", required = true)
                text("label", "Name.", required = true)
            }
            field("duration_buckets", Kind.Numbers(0.0..1e9), "Bounds of the histogram of times.")
            field("size_buckets", Kind.Numbers(0.0..1e9), "Bounds of the histogram of sizes.")
            flag("detailed_goroutine_tracking", "Whether tasks are counted.")
            flag("high_resolution_timing", "Whether times are measured to the nanosecond.")
        }
    }
}

private val responseApi = fields {
    enabled()
    choice("store_backend", listOf("redis", "memory"), "Where conversations are kept.", "redis")
    ttl(86_400)
    whole("max_responses", 1..MANY, "Answers that are kept.", 1_000)
    part("redis", "Settings of Redis.", redisClusterFormat)
}

internal val tracingFormat = fields(acts = "traces") {
    flag("enabled", "Whether traces are sent.", true)
    choice("provider", listOf("opentelemetry"), "Which kind.", "opentelemetry")
    part("exporter", "Where spans go.") {
        choice("type", listOf("otlp"), "How they go.", "otlp", refused = listOf("stdout"))
        text("endpoint", "Address of the collector.")
        flag("insecure", "Whether an endpoint without a scheme is reached in clear text.", false)
        choice("protocol", listOf("grpc", "http/protobuf"), "Form on the wire. Ours: the seed has gRPC alone.")
    }
    part("sampling", "Which requests are traced.") {
        choice("type", listOf("always_on", "always_off", "probabilistic"), "All, none or a share.", "always_on")
        share("rate", "The share.")
    }
    part("resource", "What traces say of this program.") {
        text("service_name", "Its name.")
        text("service_version", "Its version.")
        text("deployment_environment", "Where it runs.")
    }
}

internal val metricsFormat = fields(acts = "metrics") {
    flag("enabled", "Whether metrics are offered.", true)
    part("windowed_metrics", "Metrics over the last minutes.", notBuilt = Feature.WINDOWED_METRICS) {
        enabled(default = false)
        texts("time_windows", "Lengths of the windows.")
        text("update_interval", "Time between two looks.", "30s", unit = "duration: ms, s, m, h")
        flag("model_metrics", "Whether models are told apart.")
        flag("queue_depth_estimation", "Whether the length of queues is estimated.")
        whole("max_models", 1..100_000, "Models told apart.", 50)
    }
}

internal val authzFormat = fields(acts = "identity of callers") {
    flag("fail_open", "Whether signals that grant rights let callers without a name pass.", false)
    part("identity", "Headers of trusted peers that name the caller.") {
        text("user_id_header", "Header of the user.", "x-authz-user-id")
        text("user_groups_header", "Header of the groups.", "x-authz-user-groups")
    }
    parts("providers", "Where the keys for models come from.", notBuilt = Feature.AUTHZ_PROVIDERS) {
        choice("type", listOf("header-injection", "static-config"), "From headers of the request, or from this file.", required = true)
        textMap("headers", "Headers by what they stand for.")
    }
}

private val rateLimit = fields {
    flag("fail_open", "Whether requests pass where the limit cannot be asked.", false)
    parts("providers", "Who counts.") {
        choice("type", listOf("envoy-ratelimit", "local-limiter"), "A service of Envoy's protocol, or this process.", required = true)
        text("address", "Host and port of the service.")
        text("domain", "Domain of its rules.")
        parts("rules", "Limits.") {
            text("name", "Name of the rule.", required = true)
            part("match", "Whom the rule is for.") {
                text("user", "A user.")
                text("group", "A group.")
                text("model", "A model.")
            }
            whole("requests_per_unit", counts, "Requests in one unit of time.")
            whole("tokens_per_unit", 0..Int.MAX_VALUE, "Tokens in one unit of time.")
            choice("unit", listOf("second", "minute", "hour", "day"), "The unit of time.", required = true)
        }
    }
}

private val managementAuth = fields(off = "mode" to "disabled") {
    choice("mode", listOf("disabled", "bearer"), "Whether a token is asked for.", "disabled")
    parts("tokens", "Tokens that are taken.") {
        text("env", "Environment variable that holds the token.", required = true)
        text("role", "What its bearer may do.", required = true)
    }
    named("roles", "Permissions by role.", Kind.Texts())
}

private val routerReplay = fields {
    enabled(default = false)
    choice("store_backend", listOf("memory", "redis", "postgres", "milvus", "qdrant"), "Where records are kept.", "memory")
    ttl(2_592_000)
    flag("async_writes", "Whether nobody waits for a record to be written.", false)
    part("redis", "Settings of Redis.", redisFormat)
    part("postgres", "Settings of Postgres.", postgresFormat)
    part("milvus", "Settings of Milvus.", milvusRecordsFormat)
    part("qdrant", "Settings of Qdrant.", qdrantFormat)
}

private val managementApi = fields {
    text("bind_address", "Address to listen on.", "127.0.0.1")
    whole("port", 0..65_535, "Port to listen on.", 8_080)
    flag("remote_exposure", "Whether it may listen on other addresses than this host's own.", false)
    part("auth", "Who may ask.", managementAuth, notBuilt = Feature.MANAGEMENT_AUTH)
}

internal val observabilityFormat = fields {
    part("tracing", "Traces of requests, over OpenTelemetry.", tracingFormat)
    part("metrics", "Metrics of the admin API.", metricsFormat)
}

internal val servicesFormat = fields(acts = "services") {
    part("api", "Bounds of the classification API.", batchClassification, notBuilt = Feature.BATCH_CLASSIFICATION)
    part("response_api", "The Responses API and where it keeps conversations.", responseApi)
    part("observability", "Traces and metrics.", observabilityFormat)
    part("authz", "Who calls, and with which keys models are called.", authzFormat)
    part("ratelimit", "How much a caller may ask for.", rateLimit, notBuilt = Feature.RATE_LIMIT)
    part("management_api", "Where operators ask.", managementApi, notBuilt = Feature.MANAGEMENT_API)
    part("startup_status", "Where the progress of the start is told.", notBuilt = Feature.STARTUP_STATUS) {
        choice("store_backend", listOf("file", "memory", "redis"), "Where it is kept.", "file")
        part("redis", "Settings of Redis.", redisFormat)
    }
    part("router_replay", "Where records of decisions are kept.", routerReplay, notBuilt = Feature.ROUTER_REPLAY)
}
