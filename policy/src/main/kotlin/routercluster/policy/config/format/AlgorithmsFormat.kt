package routercluster.policy.config.format

import routercluster.policy.selectors.SecondLookSelector
import routercluster.policy.selectors.selectors

private fun builtAlgorithms(): Map<String, Case> =
    selectors.mapValues { (_, built) -> Case(built.meaning, built.format) } +
        mapOf(
            "knn" to Case("By how models answered the nearest known requests.", nearestRequests()),
            "kmeans" to Case("By how models answered the nearest cluster of known requests.", fields { learnt() }),
            "svm" to Case("By a support vector machine for each model.", fields { learnt() }),
            "mlp" to Case("By a small network.", fields { learnt() }),
            "pareto" to Case("By quality and cost in the nearest clusters of known requests. Ours.", fields { learnt() }),
        )

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

private fun looper(meaning: String, fields: Fields) = Case(meaning, fields, Status.NotBuilt(Feature.LOOPER))

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
    number(
        "second_look_below",
        -1.0..1.0,
        "Where an algorithm that goes by the text picks a dearer model than the cheapest, the halves of the text are read each " +
            "for itself; where their cosine is lower than this, the cheapest is taken that a half or the whole goes to. -1 is never.",
        SecondLookSelector.BELOW,
    )
    part("constraints", "What a model has to keep to be picked, whatever the algorithm says; the others are fall-backs.") { constraints() }
    part("protection", "When a conversation changes its model; left out, whenever the algorithm says so.") { protection() }
    cases("type", slot = null, built + notBuiltAlgorithms)
}
