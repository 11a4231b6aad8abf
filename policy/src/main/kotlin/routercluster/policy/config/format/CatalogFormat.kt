package routercluster.policy.config.format

import routercluster.policy.catalog.AnswerParser
import routercluster.policy.catalog.EmbeddingSettings
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.Modules
import routercluster.policy.catalog.PrototypeScoring

internal val modalityMethods = listOf("classifier", "keyword", "hybrid")

/** The slots of `system`. */
internal val systemSlots =
    listOf(
        "prompt_guard",
        "domain_classifier",
        "pii_classifier",
        "fact_check_classifier",
        "hallucination_detector",
        "hallucination_explainer",
        "feedback_detector",
    )

private val prototypeFormat = fields {
    val default = PrototypeScoring()
    flag("enabled", "Whether exemplars alike are taken together.", default.enabled)
    share("cluster_similarity_threshold", "From which similarity on.", default.clusterSimilarity)
    whole("max_prototypes", 1..10_000, "Prototypes of one list.", default.prototypesMax)
    share("best_weight", "Weight of the best against the mean of the next.", default.bestWeight)
    whole("top_m", 1..10_000, "How many make that mean.", default.topM)
    number("margin_threshold", 0.0..2.0, "By how much the best must lead the second.", default.marginThreshold)
}

private val semanticFormat = fields {
    val default = EmbeddingSettings()
    embeddingModels.forEach { text("${it}_model_path", "Folder of the $it model.") }
    flag("use_cpu", "Whether it runs without a GPU.", true)
    part("embedding_config", "Which model, and how similarities are judged.") {
        choice("backend", listOf("candle", "openvino", "openai_compatible"), "In this process, or the service of endpoint.", "candle")
        choice("model_type", embeddingModels, "Which of the models.", "mmbert")
        whole("target_dimension", 1..65_536, "Length of a vector; else the model's own.")
        whole("target_layer", 1..1_000, "Layer that vectors are taken from; else the last.")
        flag("preload_embeddings", "Whether exemplars are embedded at the start. Here they always are.", true)
        flag("enable_soft_matching", "Whether the best rule below its threshold may match.", default.softMatching)
        whole("top_k", 1..1_000, "Embedding rules that may match at once; else any number.")
        share("min_score_threshold", "From which similarity on a soft match counts.", default.minScore)
        part("prototype_scoring", "How exemplars are taken together.", prototypeFormat)
    }
    part("endpoint", "A service that makes vectors.") {
        text("base_url", "Its address.", required = true)
        text("model", "Name of the model there.", required = true)
        text("api_key_env", "Environment variable that holds the key.")
        number("timeout_seconds", 0.001..3_600.0, "Longest wait for it.")
        whole("max_retries", 0..20, "Attempts after the first.")
        whole("dimensions", 1..65_536, "Length of a vector.")
    }
}

private val externalFormat = fields {
    name("Name of the model, once.")
    choice("llm_provider", listOf("openai", "openai_compatible", "vllm"), "Whose API it is.", refused = listOf("anthropic"))
    choice("model_role", ExternalModel.Role.entries.map { it.name.lowercase() }, "What it is asked for.", required = true)
    part(
        "llm_endpoint",
        "Where it is.",
        required = true,
        fields = fields {
            note("name", "Its name.")
            text("address", "Its host.", required = true)
            whole("port", 1..65_535, "Its port.")
            choice("protocol", listOf("http", "https"), "How it is spoken to.")
            flag("use_chat_template", "Whether the model's chat template is used. Here it always is.", true)
            text("prompt_template", "Frame of the question.")
        },
    )
    text("llm_model_name", "Name of the model there.", required = true)
    number("llm_timeout_seconds", 0.001..3_600.0, "Longest wait for it.")
    choice("parser_type", AnswerParser.entries.map { it.name.lowercase() }, "How its answer is read.")
    share("threshold", "From which probability on it is a finding.")
    secret("access_key", "Its key.")
    whole("max_tokens", 1..1_000_000, "Length of its answer.")
    number("temperature", 0.0..2.0, "Temperature of the call.")
}

private val knowledgeBaseFormat = fields {
    name("Name of the knowledge base, once.")
    part(
        "source",
        "Where its exemplars are.",
        required = true,
        fields = fields {
            text("path", "Its folder.", required = true)
            text("manifest", "File of labels and exemplars.", "labels.json")
        },
    )
    share("threshold", "From which similarity on a label holds.")
    named("label_thresholds", "The same for single labels.", Kind.Number(0.0..1.0))
    named("groups", "Labels by group.", Kind.Texts())
    parts("metrics", "Numbers made of groups.") {
        name("Name of the metric.")
        choice("type", listOf("group_margin"), "The best of one group less the best of another.")
        text("positive_group", "The one.", required = true)
        text("negative_group", "The other.", required = true)
    }
    part("prototype_scoring", "How exemplars are taken together.", prototypeFormat)
}

/** A module that asks one head. */
private fun classifier(
    threshold: Double?,
    mapping: String? = null,
    thresholdNotBuilt: Feature? = null,
    more: FieldsBuilder.() -> Unit = {},
) = fields {
    flag("enabled", "Whether its signals have a head.", true)
    choice("model_ref", systemSlots, "Slot of system whose folder it is.")
    text("model_id", "Its folder; comes before model_ref.")
    share("threshold", "From which probability on it is a finding.", threshold, thresholdNotBuilt)
    flag("use_cpu", "Whether it runs without a GPU.", true)
    choiceNote("variant", listOf("candle", "mmbert32k"))
    flagNote("use_modernbert")
    flagNote("use_mmbert_32k")
    mapping?.let { text(it, "File of labels.") }
    more()
}

private const val RUNTIME_HINT = "Chooses among the seed's runtimes; here an encoder's folder says what it is."

private fun FieldsBuilder.flagNote(key: String) = field(key, Kind.Flag, RUNTIME_HINT, status = Status.Note)

private fun FieldsBuilder.choiceNote(key: String, words: List<String>) = field(key, Kind.Choice(words), RUNTIME_HINT, status = Status.Note)

private val default = Modules()

private val mcpFormat = fields {
    enabled()
    choice("transport_type", listOf("stdio", "http", "streamable-http"), "How it is reached.", refused = listOf("sse"))
    text("command", "Program that is started.")
    texts("args", "Its arguments.")
    textMap("env", "Its environment.")
    text("url", "Address of the server.")
    text("tool_name", "The tool; else the first that fits.")
    share("threshold", "From which probability on a domain holds.")
    number("timeout_seconds", 0.001..3_600.0, "Longest wait for it.")
}

private val compressionFormat = fields {
    enabled(default = false)
    choice("profile", listOf("default", "coding", "medical", "security", "multi_turn", "multi-turn"), "Set of weights.", "default")
    whole("max_tokens", 1..MANY, "To which length.")
    whole("min_length", counts, "From which length on.", unit = "characters")
    texts("skip_signals", "Signals that read the whole text all the same.")
    listOf("textrank_weight", "position_weight", "tfidf_weight", "novelty_weight").forEach { share(it, "Weight of one measure.") }
    share("position_depth", "Share of the text that counts as its beginning.")
    whole("preserve_first_n", 0..1_000, "Sentences kept at the beginning.")
    whole("preserve_last_n", 0..1_000, "Sentences kept at the end.")
}

/** What is done about an unsupported answer; nothing is all that can be had yet. */
internal val mitigationActions: Map<String, Feature?> =
    mapOf("none" to null) + listOf("annotate", "header", "body", "block").associateWith { Feature.HALLUCINATION }

/** Its head judges pairs of texts for the classification API, by no threshold. */
internal val explainerFormat =
    classifier(default.hallucination.explanationThreshold, thresholdNotBuilt = Feature.HALLUCINATION)

internal val mitigationFormat = fields {
    val hallucination = default.hallucination
    flag("enabled", "Whether its heads are there.", hallucination.enabled)
    choice(
        "on_hallucination_detected",
        listOf("none"),
        "What is done about an unsupported answer.",
        notBuilt = mitigationActions.mapNotNull { (word, feature) -> feature?.let { word to it } }.toMap(),
    )
    part("fact_check", "Tells whether a request asks for facts.", classifier(default.factCheck.threshold))
    part(
        "detector",
        "Finds unsupported parts of an answer.",
        notBuilt = Feature.HALLUCINATION,
        fields = classifier(hallucination.threshold) {
            choice("backend", listOf("candle"), "Where it runs.", "candle", refused = listOf("endpoint"))
            text("endpoint", "Address of a service; refused unless it is empty.")
            flag("include_explanation", "Whether an answer says why a part is unsupported.")
            whole("min_span_length", 1..1_000, "Shorter parts are passed over.", hallucination.spanWordsMin, unit = "words")
            share("min_span_confidence", "From which probability on a part counts.", hallucination.spanConfidenceMin)
            whole("context_window_size", 0..100_000, "Words around a part that are looked at.", hallucination.contextWords, unit = "words")
            flag("enable_nli_filtering", "Whether parts that follow from the context are passed over.", hallucination.nliFiltering)
            share("nli_entailment_threshold", "From which probability on they follow.", hallucination.nliEntailment)
        },
    )
    part("explainer", "Tells why a part is unsupported.", explainerFormat)
}

internal val modulesFormat = fields {
    part("prompt_compression", "Text that is shortened before signals read it.", compressionFormat, notBuilt = Feature.PROMPT_COMPRESSION)
    part(
        "prompt_guard",
        "Finds attacks.",
        classifier(default.jailbreak.threshold, "jailbreak_mapping_path") {
            choice(
                "protocol",
                listOf("http_classify", "http_chat"),
                "How an external model of role guardrail is asked; else an encoder is.",
            )
            choice("on_error", listOf("allow", "block"), "What an attack signal is where it cannot be read.")
            texts("positive_labels", "Labels that are an attack; else those that the head calls so.")
        },
    )
    part("classifier", "Domains, personal data, preferences.") {
        part(
            "domain",
            "Tells domains apart.",
            classifier(default.domain.threshold, "category_mapping_path") {
                text("fallback_category", "Domain of texts that belong to none.", default.domain.fallback)
            },
        )
        part("mcp", "A tool of an MCP server that tells domains apart.", mcpFormat)
        part("pii", "Finds personal data.", classifier(default.pii.threshold, "pii_mapping_path"))
        part("preference", "Tells what a user wants.") {
            flag("use_contrastive", "By exemplars; else an external model is asked.", default.preference.contrastive)
            text("embedding_model", "Folder of its model.")
            part("prototype_scoring", "How exemplars are taken together.", prototypeFormat)
        }
    }
    part("complexity", "Tells how hard a request is.") { part("prototype_scoring", "How exemplars are taken together.", prototypeFormat) }
    part("hallucination_mitigation", "Checks facts and answers.", mitigationFormat)
    part("feedback_detector", "Tells what a user makes of an answer.", classifier(default.userFeedback.threshold, "feedback_mapping_path"))
    part("modality_detector", "Tells what an answer is to be made of.") {
        part("classifier", "The encoder.") {
            text("model_path", "Its folder.")
            flag("use_cpu", "Whether it runs without a GPU.", true)
        }
        flag("enabled", "Whether its signals have a head.", default.modality.enabled)
        choice(
            "method",
            modalityMethods,
            "By what.",
            default.modality.method.name
                .lowercase(),
        )
        share("confidence_threshold", "From which probability on the encoder decides.", default.modality.threshold)
        share("lower_threshold_ratio", "Share of that below which words decide.", default.modality.lowerThresholdRatio)
        texts("prompt_prefixes", "Beginnings of a text that ask for an image.")
        texts("keywords", "Words that ask for an image.")
        texts("both_keywords", "Words that ask for text and an image.")
    }
}

internal val catalogFormat = fields(acts = "learned signals") {
    part("embeddings", "Vectors of texts.") { part("semantic", "By their meaning.", semanticFormat) }
    part("system", "Folders of encoders by slot.") { systemSlots.forEach { text(it, "Folder of the encoder.") } }
    parts("external", "Language models that signals ask.", externalFormat)
    parts("kbs", "Knowledge bases: labels with exemplars.", knowledgeBaseFormat)
    part("modules", "How answers of encoders are judged.", modulesFormat)
}
