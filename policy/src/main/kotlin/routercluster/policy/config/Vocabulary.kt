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
        "modality_detector" to "global.model_catalog.modules.modality_detector",
        "prompt_compression" to "global.model_catalog.modules.prompt_compression",
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
