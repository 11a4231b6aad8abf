package routercluster.policy.config.format

import routercluster.policy.config.durationText
import routercluster.policy.models.Reliability
import java.time.Duration

private val hour = Duration.ofMillis(1)..Duration.ofHours(1)
private const val PRICE_MAX = 1_000_000.0

private val pricingFormat = fields(acts = "cost of answers") {
    text("currency", "Currency of the prices.", "USD")
    number("prompt_per_1m", 0.0..PRICE_MAX, "Price of what is sent.", required = true)
    number("completion_per_1m", 0.0..PRICE_MAX, "Price of what comes back.", required = true)
    number("cached_input_per_1m", 0.0..PRICE_MAX, "Price of what the provider had in its cache; else that of what is sent.")
    number("cache_write_per_1m", 0.0..PRICE_MAX, "Price of what the provider puts into its cache.")
}

private val reliabilityFormat = fields(acts = "attempts at upstreams") {
    val default = Reliability()
    choice("lb_policy", listOf("round_robin", "least_request"), "Which upstream is next.", default.loadBalancing.name.lowercase())
    whole("retry_count", 0..5, "Attempts after the first at this model's upstreams.", default.retries)
    text("retry_on", "After which failures, as Envoy's words with commas between; required with a retry_count above 0.")
    whole("consecutive_5xx", 1..1_000, "Failures in a row after which an upstream rests.", default.consecutiveFailures)
    time("base_ejection_time", hour, "How long it rests.", durationText(default.ejection))
    whole("max_ejection_percent", 0..100, "Share of upstreams that may rest.", default.maxEjectedPercent)
    text("health_check_path", "Path that is asked for an upstream's health; without one nothing is asked.")
    time("health_check_interval", hour, "Time between two questions.", durationText(default.healthInterval))
    time("health_check_timeout", hour, "Longest wait for the answer.", durationText(default.healthTimeout))
}

private val backendFormat = fields(acts = "attempts at upstreams") {
    text("name", "Name of the upstream, once in its model.", "backend- and its place")
    text("endpoint", "Host and port; does not go with base_url.")
    text("base_url", "Address of the API; does not go with endpoint.")
    choice("protocol", listOf("http", "https"), "How an endpoint is spoken to.", "http")
    whole("weight", 0..1_000_000, "Weight among the model's upstreams; 0 is taken for 1.", 1)
    text("type", "Kind of endpoint, a key of external_model_ids.")
    choice(
        "provider",
        listOf("openai", "azure-openai", "bedrock", "gemini", "vertex-ai", "minimax"),
        "Whose API it is: says where the key and the path belong.",
        "openai",
        refused = listOf("anthropic"),
    )
    text("auth_header", "Header of the key; else the provider's.")
    text("auth_prefix", "Stands before the key; else the provider's.")
    textMap("extra_headers", "Headers of every request.", secret = true)
    text("api_version", "Version of the API, sent in the query.")
    text("chat_path", "Path of chat completions; else the provider's.")
    secret("api_key", "The key.")
    text("api_key_env", "Environment variable that holds the key; comes before api_key where it is set.")
}

internal val modelFormat = fields(acts = "requests to the model") {
    former("endpoints", now = "backend_refs")
    former("access_key", now = "backend_refs[].api_key or api_key_env")
    name("Name of the model in this file, once.")
    text("provider_model_id", "Name of the model at its upstreams.", "name")
    textMap("external_model_ids", "Name of the model by kind of endpoint or provider.")
    choice(
        "api_format",
        listOf("openai"),
        "Form of requests that its upstreams take.",
        "openai",
        notBuilt = mapOf("anthropic" to Feature.ANTHROPIC_UPSTREAMS),
    )
    text("reasoning_family", "How it is told to reason: a key of reasoning_families.")
    part("pricing", "What it costs.", pricingFormat)
    part("reliability", "How its upstreams are tried.", reliabilityFormat)
    parts("backend_refs", "Its upstreams, at least one.", backendFormat, required = true)
}

private val familyFormat = fields {
    choice(
        "type",
        listOf("chat_template_kwargs", "reasoning_effort", "top_level_reasoning_effort"),
        "A switch of the chat template, an effort at a path, or an effort at the top.",
        required = true,
    )
    text("parameter", "Name of the field; a path with dots for reasoning_effort.", required = true)
}

internal val providersFormat = fields(acts = "models") {
    former("default_model", "default_reasoning_effort", "reasoning_families", now = "the same in providers.defaults")
    part("defaults", "What holds for all models.") {
        text("default_model", "The model where no decision matches; not needed where there is one model.")
        choice("default_reasoning_effort", efforts, "How hard a model reasons where nothing else is said.", "medium")
        named("reasoning_families", "Ways of telling a model to reason, by name.", Kind.Part(familyFormat))
    }
    parts("models", "The models that requests can be sent to.", modelFormat, required = true)
}

private val cardFormat = fields(acts = "candidates") {
    name("Name of a model of providers.models.")
    note("param_size", "Its size.")
    whole("context_window_size", 1..1_000_000_000, "Longest conversation that it takes.", unit = "tokens")
    note("description", "What it is good at.")
    texts("capabilities", "What it can do.")
    parts("loras", "Adapters that it has.") {
        name("Name of the adapter.")
        note("description", "What it is good at.")
    }
    share("quality_score", "How good it is.")
    field("modality", Kind.Choice(listOf("ar", "text", "omni", "diffusion")), "What it answers with.", status = Status.Note)
    texts("tags", "Words of its owner.")
}

/** `routing`, the top-level one and a recipe's. */
internal val routingFormat = fields(acts = "decisions") {
    choice("strategy", listOf("priority", "confidence"), "Order among decisions that match.", "global.router.strategy")
    parts("modelCards", "What is known of models. Not in recipes, which share them.", cardFormat)
    part("signals", "What is read from a request.", signalsFormat)
    part("projections", "Numbers and groups made of signals.", projectionsFormat)
    parts("decisions", "Conditions, with the models and plugins for requests that meet them.", decisionFormat)
}
