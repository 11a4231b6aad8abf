package routercluster.policy.config

/*
 * Names that the v0.3 format knows. What a reader does not take from here it reads itself; the rest is refused as "not supported
 * yet" instead of as unknown, so that nobody looks for a misspelling where there is none.
 */

/** List under `routing.signals` to the type that conditions use. */
internal val formatSignals: Map<String, String> =
    mapOf(
        "keywords" to "keyword",
        "embeddings" to "embedding",
        "domains" to "domain",
        "fact_check" to "fact_check",
        "user_feedbacks" to "user_feedback",
        "reasks" to "reask",
        "preferences" to "preference",
        "language" to "language",
        "context" to "context",
        "structure" to "structure",
        "complexity" to "complexity",
        "modality" to "modality",
        "role_bindings" to "authz",
        "jailbreak" to "jailbreak",
        "pii" to "pii",
        "kb" to "kb",
        "conversation" to "conversation",
        "events" to "event",
        "metadata" to "metadata",
        "classifiers" to "classifier",
    )

/** The condition type that names an output of a mapping. */
internal const val PROJECTION_TYPE = "projection"

internal val laterAlgorithms: Set<String> =
    setOf(
        "router_dc",
        "latency_aware",
        "multi_factor",
        "hybrid",
        "automix",
        "prompt",
        "knn",
        "kmeans",
        "svm",
        "mlp",
        "confidence",
        "ratings",
        "remom",
        "fusion",
        "workflows",
        "elo",
        "rl_driven",
        "gmtrouter",
        "session_aware",
    )

internal val laterPlugins: Set<String> =
    setOf(
        "response_cache",
        "semantic-cache",
        "semantic_cache",
        "rag",
        "memory",
        "context_compression",
        "tools",
        "tool_selection",
        "image_gen",
        "hallucination",
        "response_jailbreak",
        "router_replay",
    )

internal val laterDecisionKeys: Array<String> =
    arrayOf("adaptations", "candidateIterations", "emits", "output_contract", "output_contract_spec")

internal val laterRouterKeys: Array<String> = arrayOf("streamed_body", "skip_processing", "model_selection", "learning")

internal val laterServices: Array<String> =
    arrayOf("api", "response_api", "router_replay", "ratelimit", "management_api", "startup_status")

/** Sections of `global` of which nothing is built yet, with what they may hold. */
internal val laterGlobals: Map<String, Array<String>> =
    mapOf(
        "stores" to arrayOf("response_cache", "semantic_cache", "memory", "vector_store"),
        "integrations" to arrayOf("tools", "looper"),
    )

/** Keys that stood at the root before v0.3, with where their content belongs now. */
internal val formerRootKeys: Map<String, String> =
    mapOf(
        "vllm_endpoints" to "providers.models[].backend_refs",
        "provider_profiles" to "providers.models[].backend_refs",
        "model_config" to "providers.models and routing.modelCards",
        "default_model" to "providers.defaults.default_model",
        "default_reasoning_effort" to "providers.defaults.default_reasoning_effort",
        "reasoning_families" to "providers.defaults.reasoning_families",
        "categories" to "routing.signals.domains and routing.decisions",
        "signals" to "routing.signals",
        "decisions" to "routing.decisions",
        "keyword_rules" to "routing.signals.keywords",
        "embedding_rules" to "routing.signals.embeddings",
        "fact_check_rules" to "routing.signals.fact_check",
        "user_feedback_rules" to "routing.signals.user_feedbacks",
        "preference_rules" to "routing.signals.preferences",
        "language_rules" to "routing.signals.language",
        "context_rules" to "routing.signals.context",
        "strategy" to "routing.strategy",
        "semantic_cache" to "global.stores.response_cache",
        "memory" to "global.stores.memory",
        "vector_store" to "global.stores.vector_store",
        "tools" to "global.integrations.tools",
        "looper" to "global.integrations.looper",
        "bert_model" to "global.model_catalog.embeddings",
        "embedding_models" to "global.model_catalog.embeddings",
        "external_models" to "global.model_catalog.external",
        "prompt_guard" to "global.model_catalog.modules.prompt_guard",
        "classifier" to "global.model_catalog.modules.classifier",
        "hallucination_mitigation" to "global.model_catalog.modules.hallucination_mitigation",
        "feedback_detector" to "global.model_catalog.modules.feedback_detector",
        "observability" to "global.services.observability",
        "api" to "global.services.api",
        "response_api" to "global.services.response_api",
        "router_replay" to "global.services.router_replay",
        "authz" to "global.services.authz",
        "ratelimit" to "global.services.ratelimit",
        "config_source" to "global.router.config_source",
        "auto_model_name" to "global.router.auto_model_names",
        "include_config_models_in_list" to "global.router.include_config_models_in_list",
        "clear_route_cache" to "global.router.clear_route_cache",
        "model_selection" to "global.router.model_selection",
    )
