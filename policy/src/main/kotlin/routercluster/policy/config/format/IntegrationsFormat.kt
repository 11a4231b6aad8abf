package routercluster.policy.config.format

internal val advancedFilteringFormat = fields {
    enabled(default = false)
    choice("retrieval_strategy", listOf("weighted", "hybrid_history"), "How.", "weighted")
    whole("candidate_pool_size", 1..100_000, "Tools that are looked at.")
    whole("min_lexical_overlap", 0..1_000, "Words that must be the same.")
    share("min_combined_score", "From which score on a tool counts.")
    part("weights", "Weights of the parts of a score.") {
        listOf("embed", "lexical", "tag", "name", "category").forEach { share(it, "Weight of: $it.") }
    }
    flag("use_category_filter", "Whether only tools of the request's topic count.")
    share("category_confidence_threshold", "How sure the topic must be.")
    texts("allow_tools", "Only these.")
    texts("block_tools", "None of these.")
    part("hybrid_history", "What earlier calls say.") {
        whole("history_horizon", 0..10_000, "Calls that are looked at.", 8)
        whole("min_history_steps", 0..10_000, "Calls without which only the text counts.")
        share("history_confidence_threshold", "How sure they must be.")
        number("weight_semantic", 0.0..100.0, "Weight of the text.")
        number("weight_history_transition", 0.0..100.0, "Weight of what usually follows.")
        number("weight_decision_prior", 0.0..100.0, "Weight of what the decision usually calls.")
        number("repetition_penalty_strength", 0.0..100.0, "Weight against calling the same again.")
    }
}

private val toolsIntegration = fields {
    enabled(default = false)
    whole("top_k", 1..1_000, "Tools that are added.", 3)
    share("similarity_threshold", "From which similarity on a tool counts.")
    text("tools_db_path", "File of the tools.")
    flag("fallback_to_empty", "Whether a failure adds none.", true)
    part("advanced_filtering", "How tools are ranked.", advancedFilteringFormat)
}

private val looper = fields {
    text("endpoint", "Where calls go.", "http://localhost:8899/v1/chat/completions")
    whole("grpc_max_msg_size_mb", 1..2_047, "Size of a message.", 4)
    whole("max_response_bytes_mb", 1..2_047, "Size of an answer.", 32)
    whole("timeout_seconds", 0..86_400, "Longest wait for one call.", 1_200)
    whole("retry_count", 0..100, "Attempts after the first.")
    textMap("headers", "Headers of every call.")
    listOf("remom", "fusion").forEach { algorithm ->
        part(algorithm, "Names for $algorithm.") { texts("model_names", "Model names that ask for it.") }
    }
    part("flow", "Names and state of workflows.") {
        texts("model_names", "Model names that ask for them.")
        part("state", "Where a workflow waits for the client's tools.") {
            choice("store_backend", listOf("file", "memory", "redis"), "The store.", "file")
            ttl(1_800)
            part("file", "Settings of files.") { text("directory", "Their folder.") }
            part("redis", "Settings of Redis.", redisFormat)
        }
    }
}

internal val integrationsFormat = fields(acts = "integrations") {
    part("tools", "Tools that are added to requests.", toolsIntegration, notBuilt = Feature.TOOLS)
    part("looper", "How algorithms of several calls make them.", looper, notBuilt = Feature.LOOPER)
}
