package routercluster.policy.config.format

private fun builtAlgorithms(): Map<String, Case> =
    mapOf(
        "static" to Case("The order of the file.", fields {}),
        "weighted" to Case("By chance, in proportion to the weights of the candidates. Ours.", fields {}),
        "latency_aware" to Case("By measured times and failures.", latencyAware()),
        "least_loaded" to Case("By requests under way, in proportion to the weights. Ours.", fields {}),
        "thompson" to Case("By chance, as often as a candidate may be the best by its verdicts. Ours.", fields {}),
        "multi_factor" to Case("By a weighted mean of quality, latency, cost and load.", multiFactor()),
        "router_dc" to Case("By the similarity of the request and a model's description.", routerDcFormat),
        "automix" to Case("By what it is worth to begin with a candidate and to go on with a stronger one.", automixFormat),
        "hybrid" to Case("By several algorithms together.", hybridFormat),
        "elo" to Case("By ratings of verdicts.", elo()),
        "rl_driven" to Case("By verdicts, exploring less the more there are.", rlDriven()),
        "contextual" to Case("By what verdicts say of requests like this one. Ours.", contextual()),
        "prompt" to Case("By asking a language model which candidate should answer.", prompt()),
        "gmtrouter" to Case("By the verdicts of the user and of users who judge alike.", gmtRouter()),
        "session_aware" to Case("By another algorithm, unless the conversation does better to keep its model.", sessionAware()),
        "knn" to Case("By how models answered the nearest known requests.", nearestRequests()),
        "kmeans" to Case("By how models answered the nearest cluster of known requests.", fields { learnt() }),
        "svm" to Case("By a support vector machine for each model.", fields { learnt() }),
        "mlp" to Case("By a small network.", fields { learnt() }),
        "pareto" to Case("By quality and cost in the nearest clusters of known requests. Ours.", fields { learnt() }),
    )

private fun latencyAware() = fields {
    whole("tpot_percentile", 1..100, "Percentile of the time per token.")
    whole("ttft_percentile", 1..100, "Percentile of the time to the first token; 50 where neither is given.")
    note("description")
}

private fun elo() = fields {
    number("initial_rating", 0.0..10_000.0, "Rating of a model that wins as often as it loses.", 1_500.0)
    whole("min_comparisons", 1..1_000_000, "Verdicts below which a model is tried as often as by chance.", 5)
    number("cost_scaling_factor", 0.0..10.0, "How many times 400 points the priciest model loses, a cheaper one in proportion.", 0.0)
}

private fun rlDriven() = fields {
    share("exploration_rate", "Share of requests that explore before there are verdicts.", 0.3)
    share("exploration_decay", "What each verdict leaves of it.", 0.99)
    share("min_exploration", "Share below which it does not fall.", 0.05)
    flag("use_thompson_sampling", "Whether exploring compares one draw of each model, or takes one by chance.", true)
    flag("cost_awareness", "Whether cost counts.", false)
    share("cost_weight", "What the priciest model loses of its share of good verdicts.", 0.2)
}

private fun contextual() = fields {
    choice("method", listOf("thompson", "ucb"), "Whether one draw counts, or as good as it may well be.", "thompson")
    val features = listOf("embedding", "domain", "complexity", "length")
    texts("features", "What is looked at in a request.", features, "[${features.joinToString()}]")
    whole("embedding_dimensions", 1..32, "Numbers that the embedding is reduced to.", 16)
    share("exploration", "How widely what is not sure is tried; 0 never tries.", 0.3)
    number("ridge", 1e-3..1e3, "Verdicts that the prior counts as.", 1.0)
    share("cost_weight", "What the priciest model loses of its share of good answers, a cheaper one in proportion.", 0.1)
    share("latency_weight", "What the slowest model loses, a quicker one in proportion.", 0.0)
}

internal val baseMethods =
    listOf(
        "static",
        "weighted",
        "latency_aware",
        "least_loaded",
        "thompson",
        "multi_factor",
        "router_dc",
        "automix",
        "hybrid",
        "elo",
        "rl_driven",
        "contextual",
        "gmtrouter",
    )

private fun prompt() = fields {
    text("model", "The model of this policy that is asked; its first upstream.", required = true)
    text("instructions", "By what it is to choose.", required = true)
    whole("timeout_seconds", 1..3_600, "Longest wait for it.", 5)
    flag("once_per_conversation", "Whether a conversation keeps the model of its last turn, and nobody is asked again. Ours.", false)
}

private fun gmtRouter() = fields {
    flag("enable_personalization", "Whether users are told apart.", true)
    whole("num_gnn_layers", 1..2, "1 goes by a user's own verdicts, 2 by those of users who judge alike too.", 2)
    whole("history_sample_size", 0..1_000, "How many of those users count, the most alike first.", 5)
    whole("min_interactions_for_personalization", 1..1_000_000, "Own verdicts below which a user gets what all say.", 3)
    whole("max_interactions_per_user", 1..1_000_000, "Own verdicts count as so many at most.", 100)
}

private fun sessionAware() = fields {
    choice("fallback_method", baseMethods, "The other algorithm, with its default parameters.", "static")
    protection()
}

private fun FieldsBuilder.protection() {
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

private fun nearestRequests() = fields {
    learnt()
    whole("k", 1..10_000, "Neighbours that are asked; left out, as in `global.router.model_selection.ml.knn`, else as trained.")
}

private fun FieldsBuilder.learnt() {
    text("artifact", "File that `router train-selector` made; left out, the one in `global.router.model_selection.ml`.")
    share("cost_weight", "0 takes the best model, 1 the cheapest.", 0.0)
}

internal val selectionMethods =
    listOf("static", "router_dc", "latency_aware", "multi_factor", "hybrid", "automix", "prompt", "knn", "kmeans", "svm", "mlp")

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

private fun looper(meaning: String, fields: Fields) = Case(meaning, fields, Status.NotBuilt(Feature.LOOPER))

private fun multiFactor() = fields {
    part("weights", "Weights of the parts.") {
        listOf("quality", "latency", "cost", "load").forEach { share(it, "Weight of $it.", 0.25) }
    }
    part("slo", "Bounds beyond which a model is not picked while another is within.") { serviceLevels() }
    whole("latency_percentile", 1..100, "Percentile of the times.", 95)
    choice("on_no_candidates", listOf("cheapest", "first", "fail"), "What happens where every model is beyond the bounds.", "cheapest")
}

private fun FieldsBuilder.serviceLevels() {
    number("max_tpot_ms", 0.0..1e9, "Time per token.")
    number("max_ttft_ms", 0.0..1e9, "Time to the first token.")
    number("max_cost_per_1m", 0.0..1e9, "Price.")
    whole("max_inflight", counts, "Requests under way.")
}

private fun FieldsBuilder.constraints() {
    serviceLevels()
    whole("latency_percentile", 1..100, "Percentile of the times.", 95)
    number("max_cost", 0.0..1e9, "What one request may cost, by the estimate of its tokens, in the models' currency.")
    flag("within_budget", "Whether a request may not cost more than what is left of its caller's limits of money.", false)
    share("min_quality", "Share of good verdicts below which a model is passed over where it surely is.")
    choice(
        "on_no_candidates",
        listOf("cheapest", "fastest", "first", "fail"),
        "What happens where every model breaks one; fail refuses the request.",
        "cheapest",
    )
}

private fun FieldsBuilder.rounds() {
    whole("max_concurrent", 1..1_000, "Calls at the same time.")
    whole("max_completion_tokens", 1..MANY, "Length of an answer.")
    whole("round_timeout_seconds", 1..86_400, "Longest wait for one round.")
    whole("min_successful_responses", 0..1_000, "Answers without which a round fails.")
    number("temperature", 0.0..2.0, "Temperature of the calls.")
    flag("include_intermediate_responses", "Whether the client sees them too.")
    onError()
}

private fun FieldsBuilder.onError() = choice("on_error", listOf("skip", "fail"), "What a failed call does.", "skip")

private fun looperCases(): Map<String, Case> =
    mapOf(
        "confidence" to looper("One model after another until an answer is sure enough.", confidence()),
        "ratings" to looper(
            "Every model answers.",
            fields {
                whole("max_concurrent", 1..1_000, "Calls at the same time.")
                onError()
            },
        ),
        "remom" to looper("Rounds of answers, and one made of them.", remom()),
        "fusion" to looper("A panel answers, a judge makes one answer of theirs.", fusion()),
        "workflows" to looper("Roles by a plan.", workflows()),
    )

private fun confidence() = fields {
    choice("confidence_method", listOf("avg_logprob", "margin", "hybrid", "self_verify", "automix_entailment"), "How sureness is told.")
    number("threshold", -100.0..1.0, "From which sureness on an answer is kept.")
    part("hybrid_weights", "Weights of hybrid.") {
        share("logprob_weight", "Weight of the tokens' probabilities.", 0.5)
        share("margin_weight", "Weight of their lead.", 0.5)
    }
    choice("escalation_order", listOf("size", "small_to_large", "declared", "cost", "automix"), "Which model is next.", "size")
    share("cost_quality_tradeoff", "Weight of cost.", 0.3)
    choice("token_filter", listOf("all", "tool_call_args"), "Which tokens count.", "all")
    text("verifier_server_url", "Address of a verifier.")
    whole("verifier_timeout_seconds", 0..3_600, "Longest wait for it.", 60)
    onError()
}

private fun remom() = fields {
    field("breadth_schedule", Kind.Numbers(1.0..1_000.0), "Calls of each round.")
    choice("model_distribution", listOf("weighted", "equal", "round_robin", "first_only"), "Which models are called.", "weighted")
    flag("include_reasoning", "Whether reasoning goes into the next round.")
    choice("compaction_strategy", listOf("full", "last_n_tokens"), "What of an answer goes into the next round.", "full")
    whole("compaction_tokens", 1..MANY, "Length of that.", 1_000)
    text("synthesis_template", "How the last call is told.")
    text("synthesis_model", "Which model makes the last call.")
    whole("shuffle_seed", Int.MIN_VALUE..Int.MAX_VALUE, "Seed of the order of answers.", 42)
    whole("max_responses_per_round", 1..1_000, "Answers that go into the next round.")
    rounds()
}

private fun fusion() = fields {
    text("model", "The judge.")
    texts("analysis_models", "The panel.")
    parts("analysis_overrides", "Settings of one of the panel.") {
        text("model", "Which.", required = true)
        number("temperature", 0.0..2.0, "Its temperature.")
        whole("max_completion_tokens", 1..MANY, "Length of its answer.")
    }
    flag("include_analysis", "Whether the client sees the judge's analysis.")
    text("analysis_template", "How the panel is told.")
    text("synthesis_template", "How the judge is told.")
    text("judge_prompt_version", "Version of the judge's prompt.")
    part("grounding", "Answers weighed by how far they are supported.") {
        enabled(default = false)
        choice("reference", listOf("hybrid", "context", "panel"), "Supported by what.", "hybrid")
        choice("policy", listOf("weight", "annotate", "filter"), "What an unsupported answer is worth.", "weight")
        share("min_score", "Score below which filter drops an answer.", 0.0)
        whole("min_keep", 0..1_000, "Answers that filter keeps.", 1)
        share("nli_contradiction_penalty", "Weight of a contradiction.", 1.0)
        onError()
    }
    rounds()
}

private fun workflows() = fields {
    choice("mode", listOf("static", "dynamic"), "A plan of this file, or one that a model makes.", "static")
    text("template", "Name of a plan.")
    parts("roles", "Roles of a plan.") {
        text("name", "Name of the role.", required = true)
        text("model", "Who plays it.")
        text("prompt", "What it is told.")
        texts("access", "Roles whose results it sees.")
    }
    part("final", "Who writes the answer.") {
        text("model", "The model.")
        text("prompt", "What it is told.")
    }
    part("planner", "Who makes the plan.") {
        text("model", "The model.", required = true)
        whole("max_completion_tokens", 1..MANY, "Length of the plan.", 2_048)
    }
    whole("max_steps", 1..1_000, "Steps of a plan.", 3)
    whole("max_parallel", 1..1_000, "Steps at the same time.", 2)
    whole("max_completion_tokens", 1..MANY, "Length of an answer.")
    whole("round_timeout_seconds", 1..86_400, "Longest wait for one step.")
    whole("min_successful_responses", 0..1_000, "Answers without which it fails.")
    number("temperature", 0.0..2.0, "Temperature of the calls.")
    flag("include_intermediate_responses", "Whether the client sees them too.")
    onError()
}

private val notBuiltAlgorithms: Map<String, Case> = looperCases()

/** `algorithm` of a decision. */
internal val algorithmFormat = fields(acts = "order of candidates") {
    val built = builtAlgorithms()
    choice(
        "type",
        built.keys.toList(),
        "How candidates are ordered.",
        required = true,
        notBuilt = notBuiltAlgorithms.mapValues { (_, case) -> (case.status as Status.NotBuilt).feature },
    )
    choice(
        "on_error",
        listOf("fallback", "skip", "fail"),
        "What a failure of the algorithm does: `prompt` takes the order of the file or, with `fail`, refuses; the others that are built cannot fail.",
    )
    part("constraints", "What a model has to keep to be picked, whatever the algorithm says; the others are fall-backs.") { constraints() }
    part("protection", "When a conversation changes its model; left out, whenever the algorithm says so.") { protection() }
    cases("type", slot = null, built + notBuiltAlgorithms)
}
