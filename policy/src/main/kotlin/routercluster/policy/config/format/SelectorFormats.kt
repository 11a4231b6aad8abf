package routercluster.policy.config.format

// Parameters of the selectors in `selectors`, the table that names them.

internal val latencyAwareFormat = fields {
    whole("tpot_percentile", 1..100, "Percentile of the time per token.")
    whole("ttft_percentile", 1..100, "Percentile of the time to the first token; 50 where neither is given.")
    note("description")
}

internal val eloFormat = fields {
    number("initial_rating", 0.0..10_000.0, "Rating of a model that wins as often as it loses.", 1_500.0)
    whole("min_comparisons", 1..1_000_000, "Verdicts below which a model is tried as often as by chance.", 5)
    number("cost_scaling_factor", 0.0..10.0, "How many times 400 points the priciest model loses, a cheaper one in proportion.", 0.0)
}

internal val rlDrivenFormat = fields {
    share("exploration_rate", "Share of requests that explore before there are verdicts.", 0.3)
    share("exploration_decay", "What each verdict leaves of it.", 0.99)
    share("min_exploration", "Share below which it does not fall.", 0.05)
    flag("use_thompson_sampling", "Whether exploring compares one draw of each model, or takes one by chance.", true)
    flag("cost_awareness", "Whether cost counts.", false)
    share("cost_weight", "What the priciest model loses of its share of good verdicts.", 0.2)
}

internal val contextualFormat = fields {
    choice("method", listOf("thompson", "ucb"), "Whether one draw counts, or as good as it may well be.", "thompson")
    val features = listOf("embedding", "domain", "complexity", "length")
    texts("features", "What is looked at in a request.", features, "[${features.joinToString()}]")
    whole("embedding_dimensions", 1..32, "Numbers that the embedding is reduced to.", 16)
    share("exploration", "How widely what is not sure is tried; 0 never tries.", 0.2)
    number(
        "ridge",
        1e-3..1e3,
        "Verdicts that it takes to believe half of what a feature seems to do; how good a model is at all takes one.",
        50.0,
    )
    share("cost_weight", "What the priciest model loses of its share of good answers, a cheaper one in proportion.", 0.1)
    share("latency_weight", "What the slowest model loses, a quicker one in proportion.", 0.0)
}

internal val routerDcFormat = fields {
    number("temperature", 1e-6..100.0, "How sharply similarities are told apart.", 0.07)
    whole("dimension_size", 1..65_536, "Leading dimensions that are compared; left out, all.")
    share("min_similarity", "Similarity below which a model is nothing for a request.", 0.3)
    flag("use_query_contrastive", "Whether a model's similarity counts as its lead over the mean of all.", false)
    flag("use_model_contrastive", "Whether what all descriptions have in common is taken out of each.", false)
    flag("require_descriptions", "Whether a model without a description comes last, instead of before those that are not similar.", false)
    flag("use_capabilities", "Whether capabilities count as part of the description.", true)
}

internal val automixFormat = fields {
    share("verification_threshold", "Share of good answers from which on a model's answer is not doubted.", 0.7)
    whole("max_escalations", 0..100, "Steps to stronger models that are reckoned with.", 2)
    flag("cost_aware_routing", "Whether cost counts.", true)
    share("cost_quality_tradeoff", "What the priciest model's price takes from a good answer.", 0.3)
    share("discount_factor", "What an answer after one more step is worth.", 0.95)
    field(
        "use_logprob_verification",
        Kind.Flag,
        "Whether the probabilities of tokens are looked at.",
        status = Status.NotBuilt(Feature.LOOPER),
    )
}

internal val hybridFormat = fields {
    share("experience_weight", "Weight of experience.", 0.3)
    share("router_dc_weight", "Weight of similarity.", 0.3)
    share("automix_weight", "Weight of automix.", 0.2)
    share("cost_weight", "Weight of cost.", 0.2)
    share("quality_gap_threshold", "Gap of quality below which the cheapest model is taken; left out, the best.")
    flag("normalize_scores", "Whether parts are brought to one scale.", true)
}

internal val multiFactorFormat = fields {
    part("weights", "Weights of the parts.") {
        listOf("quality", "latency", "cost", "load").forEach { share(it, "Weight of $it.", 0.25) }
    }
    part("slo", "Bounds beyond which a model is not picked while another is within.") { serviceLevels() }
    whole("latency_percentile", 1..100, "Percentile of the times.", 95)
    choice("on_no_candidates", listOf("cheapest", "first", "fail"), "What happens where every model is beyond the bounds.", "cheapest")
}

internal fun FieldsBuilder.serviceLevels() {
    number("max_tpot_ms", 0.0..1e9, "Time per token.")
    number("max_ttft_ms", 0.0..1e9, "Time to the first token.")
    number("max_cost_per_1m", 0.0..1e9, "Price.")
    whole("max_inflight", counts, "Requests under way.")
}

/** @param others names of the algorithms that it may keep to */
internal fun sessionAwareFormat(others: List<String>) = fields {
    choice("fallback_method", others, "The other algorithm, with its default parameters.", "static")
    protection()
}

internal fun FieldsBuilder.protection() {
    whole("idle_timeout_seconds", 0..86_400, "Silence after which the conversation is free.", 300)
    whole("min_turns_before_switch", 0..10_000, "Answers before the first change.", 1, unit = "turns")
    share("switch_margin", "Gain in score below which it stays.", 0.05)
    number("stability_weight", 0.0..1_000.0, "Weight of what a change costs.", 1.0)
    share("handoff_penalty", "Cost of any change.", 0.05)
    share("cache_weight", "Cost of losing a warm cache of the whole prompt.", 0.2)
    share("switch_history_weight", "Cost of a change after eight others.", 0.04)
    number("max_cache_cost_multiplier", 1.0..100.0, "How many times as dear reading the prompt anew may count.", 2.5)
    share("stay_bias", "What the model of the last turn has before the others.", 0.1)
}

internal val promptFormat = fields {
    text("model", "The model of this policy that is asked; its first upstream.", required = true)
    text("instructions", "By what it is to choose.", required = true)
    whole("timeout_seconds", 1..3_600, "Longest wait for it.", 5)
    flag("once_per_conversation", "Whether a conversation keeps the model of its last turn, and nobody is asked again. Ours.", false)
}

internal val gmtRouterFormat = fields {
    flag("enable_personalization", "Whether users are told apart.", true)
    whole("num_gnn_layers", 1..2, "1 goes by a user's own verdicts, 2 by those of users who judge alike too.", 2)
    whole("history_sample_size", 0..1_000, "How many of those users count, the most alike first.", 5)
    whole("min_interactions_for_personalization", 1..1_000_000, "Own verdicts below which a user gets what all say.", 3)
    whole("max_interactions_per_user", 1..1_000_000, "Own verdicts count as so many at most.", 100)
}
