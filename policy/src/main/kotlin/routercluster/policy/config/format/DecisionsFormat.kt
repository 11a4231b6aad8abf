package routercluster.policy.config.format

internal val efforts = listOf("none", "minimal", "low", "medium", "high", "xhigh", "max")

/** Where a rule is described; its conditions are rules again. */
internal const val RULE_PATH = "routing.decisions[].rules"
internal const val ALGORITHM_PATH = "routing.decisions[].algorithm"

/** Bounds of a number. */
internal val predicateFormat = fields {
    number("gt", -1e15..1e15, "More than this.")
    number("gte", -1e15..1e15, "This or more.")
    number("lt", -1e15..1e15, "Less than this.")
    number("lte", -1e15..1e15, "This or less.")
}

internal val onErrorWords = listOf("match", "no_match", "block")

/** A rule: a condition on a signal, or an operator over rules. */
internal val ruleFormat = fields(acts = "decisions") {
    text("type", "Type of the signal that a condition is about.")
    text("name", "Its name, for a part of it `name:label`.")
    text("label", "The part of it that is asked for.")
    part("predicate", "Bounds of its value.", predicateFormat)
    choice("on_error", onErrorWords, "What the condition is where the signal cannot be read; else the signal's own.")
    choice("operator", listOf("AND", "OR", "NOT"), "How conditions are joined.")
    field("conditions", Kind.Same(RULE_PATH, list = true), "What is joined: conditions and further operators.")
}

internal val modelRefFormat = fields(acts = "candidates") {
    text("model", "The model.", required = true)
    text("lora_name", "An adapter of the model's card, sent in place of its name.")
    number("weight", 0.0..1_000_000.0, "Weight in algorithms that draw.", 1.0)
    flag("use_reasoning", "Whether the model is to reason; left out, the request's own setting stands.")
    note("reasoning_description", "Why it is to reason.")
    choice("reasoning_effort", efforts, "How hard, where it reasons.", "providers.defaults.default_reasoning_effort")
}

private val modeFormat = fields(off = "mode" to "bypass") {
    choice("mode", listOf("apply", "observe", "bypass"), "Whether it counts, is only noted, or is left out.")
    choice("candidate_set", candidateSets, "Among which models.")
}

private val adaptationsFormat = fields(off = "mode" to "bypass") {
    choice("mode", listOf("apply", "observe", "bypass"), "Whether learning counts, is only noted, or is left out.")
    part("adaptation", "Picks that experience changes.", modeFormat)
    part("protection", "A conversation that keeps its model.") {
        choice("mode", listOf("apply", "observe", "bypass"), "Whether it counts, is only noted, or is left out.")
        number("stability_weight", 0.0..1_000.0, "Weight of what a change costs.")
        number("switch_margin", 0.0..1.0, "Gain below which it stays.")
    }
}

private val emitFormat = fields {
    choice("kind", listOf("retention"), "What is said.", required = true)
    part("retention", "What is to be kept of the conversation.") {
        flag("drop", "Whether nothing is kept.", false)
        whole("ttl_turns", 0..100_000, "For how many turns.")
        flag("keep_current_model", "Whether the model is to stay.")
        flag("prefer_prefix_retention", "Whether a model's cache of the beginning is to be used.")
    }
}

private val contractFormat = fields {
    choice("type", listOf("choice", "structured_json", "reference_selection"), "Form of the answer.", required = true)
    part("choice_set", "Choices.") { texts("values", "The words.") }
    part("json_schema", "Form of JSON.") { choice("schema_ref", listOf("terminal_action_v1"), "A known form.") }
    part("reference", "A pick of one answer of several.") {
        choice("source", listOf("candidate_responses"), "Of what.")
        choice("id_format", listOf("index", "reference_number"), "How it is named.")
    }
    part("render", "How the result is written.") {
        choice("mode", listOf("value", "template"), "As it is, or into a template.")
        text("template", "The template.")
    }
    part("extract", "How the result is found.") {
        choice("mode", listOf("exact", "json_object"), "The whole text, or an object in it.")
        texts("sources", "Where it is looked for.", listOf("content", "reasoning_content"))
    }
    part("normalize", "How an object is put in order.") {
        texts("field_order", "Order of its fields.")
        field("defaults", Kind.Anything, "Fields that it must have.")
    }
    part("on_violation", "What is done with another form.") {
        text("repair", "How it is mended.")
        text("fallback", "What is taken in its place.")
    }
    parts(
        "postprocess",
        "What is made of the result.",
    ) { choice("type", listOf("dereference_selected_reference"), "What.", required = true) }
}

internal val iterationFormat = fields {
    text("variable", "Name of the variable.", required = true)
    choice("source", listOf("models", "decision.candidates"), "What it runs over.", required = true)
    parts("models", "The models it runs over.", modelRefFormat)
    parts("outputs", "What comes of each.") {
        choice("type", listOf("model"), "A candidate.", required = true)
        text("value", "The variable.", required = true)
    }
}

/** A decision. */
internal val decisionFormat = fields(acts = "decisions") {
    name("Name of the decision, once in its recipe.")
    note("description")
    whole("priority", -1_000_000_000..1_000_000_000, "Higher wins.", 0)
    whole("tier", 0..1_000_000_000, "Where one that matches has a tier above 0, lower wins.", 0)
    part("rules", "When it matches; left out, always.", ruleFormat)
    parts("modelRefs", "The models that it may pick; left out, the default model.", modelRefFormat)
    part("algorithm", "How it picks.", algorithmFormat)
    parts("plugins", "What it does to a request besides.", pluginFormat)
    part("adaptations", "What learning may change.", adaptationsFormat, notBuilt = Feature.ROUTER_LEARNING)
    field(
        "candidateIterations",
        Kind.Parts(iterationFormat),
        "How its candidates were written in the DSL; its models must be there.",
        status = Status.Note,
    )
    parts("emits", "What it says of the conversation.", emitFormat, notBuilt = Feature.RETENTION)
    named("annotations", "Notes of its owner: at most 32, 4096 bytes in all.", Kind.Text(), status = Status.Note)
    field("output_contract", Kind.Text(), "Form of the answer, in words.", status = Status.NotBuilt(Feature.OUTPUT_CONTRACT))
    part("output_contract_spec", "Form of the answer.", contractFormat, notBuilt = Feature.OUTPUT_CONTRACT)
}
