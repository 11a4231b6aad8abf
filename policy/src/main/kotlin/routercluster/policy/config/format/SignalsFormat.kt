package routercluster.policy.config.format

import java.time.Duration

private val timeouts = Duration.ofMillis(1)..Duration.ofMinutes(5)

private fun FieldsBuilder.named(meaning: String = "Name of the signal, once in its recipe and type.") {
    name(meaning)
    note("description")
}

/** What every rule of a learned family may say. */
private fun FieldsBuilder.learned(meaning: String = "Name of the signal, once in its recipe and type.") {
    named(meaning)
    time("timeout", timeouts, "Longest wait for it; else that of its type or its encoder. Ours.")
    choice("on_error", onErrorWords, "What a condition is where it cannot be read; else that of the type. Ours.")
}

private val keywordsFormat = fields {
    named()
    choice("operator", listOf("OR", "AND", "NOR"), "Any of the words, all, or none.", required = true)
    choice("method", listOf("regex", "bm25", "ngram", "fuzzy"), "How words are looked for; left out, as they are written.")
    texts("keywords", "The words.")
    flag("case_sensitive", "Whether case counts.", false)
    share("bm25_threshold", "From which score on a word is there.", 0.1)
    number("ngram_threshold", 0.05..1.0, "From which share of pieces on a word is there.", 0.4)
    whole("ngram_arity", 1..4, "Length of a piece.", 3, unit = "characters")
    flag("fuzzy_match", "Whether misspelt words count too.", false)
    whole("fuzzy_threshold", 0..100, "How misspelt: likeness in percent from 16 on, edits below; 0 is the usual.", 0)
}

private val structureFormat = fields {
    named()
    part(
        "feature",
        "What is measured.",
        required = true,
        fields = fields {
            choice("type", listOf("exists", "count", "density", "sequence"), "How.", required = true)
            part(
                "source",
                "Of what.",
                required = true,
                fields = fields {
                    choice("type", listOf("regex", "keyword_set", "sequence", "text_bytes"), "Kind.", required = true)
                    text("pattern", "The expression.")
                    texts("keywords", "The words.")
                    field("sequences", Kind.TextLists, "Words in order.")
                    flag("case_sensitive", "Whether case counts.", false)
                },
            )
        },
    )
    part("predicate", "Bounds of the number; left out, more than none.", predicateFormat)
}

private val conversationFormat = fields {
    named()
    part(
        "feature",
        "What is measured.",
        required = true,
        fields = fields {
            choice("type", listOf("count", "exists"), "How.", required = true)
            part(
                "source",
                "Of what.",
                required = true,
                fields = fields {
                    choice(
                        "type",
                        listOf(
                            "message",
                            "tool_definition",
                            "assistant_tool_call",
                            "assistant_tool_cycle",
                            "active_tool_loop",
                            "image_content",
                        ),
                        "Kind.",
                        required = true,
                    )
                    choice("role", listOf("user", "assistant", "system", "developer", "tool", "non_user"), "Whose messages.")
                },
            )
        },
    )
    part("predicate", "Bounds of the number; left out, more than none.", predicateFormat)
}

private val domainsFormat = fields {
    learned()
    texts("mmlu_categories", "Labels that count; left out, its name.")
    field("model_scores", Kind.Parts(modelScoreFormat()), "Scores of models for the domain.", status = Status.Note)
}

private fun modelScoreFormat() = fields {
    text("model", "The model.", required = true)
    number("score", 0.0..1.0, "Its score.", required = true)
    flag("use_reasoning", "Whether it is to reason.")
}

/** One side of a complexity rule. */
internal val complexityBankFormat = fields {
    texts("candidates", "Texts.")
    texts("image_candidates", "Texts about images.", notBuilt = Feature.IMAGE_SIGNALS)
}

private val complexityFormat = fields {
    learned()
    choice("method", listOf("contrastive", "classifier"), "By exemplars, or by a head. Ours.", "contrastive")
    share("threshold", "Margin between medium and the others.", 0.1)
    part("hard", "What hard requests are like.", complexityBankFormat)
    part("easy", "What easy ones are like.", complexityBankFormat)
    part("composer", "A rule that must hold too.", ruleFormat)
}

private val jailbreakFormat = fields {
    learned()
    choice("method", listOf("classifier", "contrastive", "hybrid"), "By a head, by exemplars, or by both.", "classifier")
    share("threshold", "From which probability or margin on it is an attack; else that of prompt_guard.")
    number("contrastive_threshold", 0.0..2.0, "With hybrid, the margin. Ours.", 0.1)
    flag("include_history", "Whether earlier messages are read too.", false)
    texts("jailbreak_patterns", "What attacks are like.")
    texts("benign_patterns", "What is not one.")
}

private val classifiersFormat = fields {
    learned()
    choice("type", listOf("local", "llm"), "An encoder, or a language model.", required = true)
    text("model_path", "Folder of the encoder.")
    flag("use_cpu", "Whether it runs without a GPU.", true)
    text("model", "The language model, of global.model_catalog.external.")
    texts("labels", "The labels, at least two.")
    text("instructions", "What the language model is told.")
}

private val knowledgeFormat = fields {
    learned()
    text("kb", "The knowledge base.", required = true)
    part(
        "target",
        "What must hold.",
        required = true,
        fields = fields {
            choice("kind", listOf("label", "group"), "A label or a group.", required = true)
            text("value", "Which.", required = true)
        },
    )
    choice("match", listOf("best", "threshold"), "Only as the best of all, or whenever it reaches its threshold.", "best")
}

/** `routing.signals`, one list per family. */
internal val signalsFormat = fields(acts = "signals") {
    former("category_kb", "taxonomy", now = "kb")
    parts("keywords", "Words.", keywordsFormat)
    parts("language", "The language.") {
        named("Code of the language, ISO 639-1.")
        share("threshold", "How sure it must be.", 0.0)
    }
    parts("context", "The length.") {
        named()
        text("min_tokens", "From, such as 32K.", unit = "tokens")
        text("max_tokens", "To, such as 256K.", unit = "tokens")
    }
    parts("structure", "The form.", structureFormat)
    parts("conversation", "Messages and tools.", conversationFormat)
    parts("metadata", "The request's metadata.") {
        named()
        text("key", "The entry.", required = true)
        part(
            "predicate",
            "What it must be: exactly one of these.",
            required = true,
            fields = fields {
                text("equals", "This.")
                texts("in", "One of these.")
                flag("exists", "There, or not there.")
            },
        )
    }
    parts("events", "Events by their names.") {
        named()
        texts("event_types", "Types.")
        texts("severities", "Severities.")
        texts("action_codes", "Codes.")
        flag("temporal", "Whether words of time count.", false)
    }
    parts("role_bindings", "Roles of the caller.") {
        named()
        text("role", "The role.", required = true)
        parts("subjects", "Who has it.") {
            choice("kind", listOf("User", "Group"), "A user or a group.", required = true)
            name("Which.")
        }
    }
    parts("embeddings", "Meaning like that of given texts.") {
        learned()
        choice("query_modality", listOf("text"), "What is compared.", "text", notBuilt = imageModalities)
        number("threshold", -1.0..1.0, "From which similarity on it holds.", required = true)
        texts("candidates", "The texts.")
        choice("aggregation_method", listOf("max", "mean", "any"), "How similarities are joined.", "max")
    }
    parts("domains", "The topic.", domainsFormat)
    parts("fact_check", "Whether facts are asked for.") {
        learned("Names its outcome or ends with it: needs_fact_check, no_fact_check_needed.")
    }
    parts("user_feedbacks", "What the user makes of the last answer.") {
        learned("Names its outcome or ends with it: satisfied, need_clarification, wrong_answer, want_different.")
    }
    parts("reasks", "Whether the user asks again.") {
        learned()
        number("threshold", -1.0..1.0, "From which similarity on it is the same question.", 0.8)
        whole("lookback_turns", 1..16, "Earlier messages that must be alike.", 1)
    }
    parts("preferences", "What the user wants.") {
        learned()
        texts("examples", "What such requests are like.")
        share("threshold", "From which similarity on it holds.", 0.5)
    }
    parts("complexity", "How hard it is.", complexityFormat)
    parts("modality", "What the answer is made of.") { learned("Names its outcome or ends with it: AR, DIFFUSION, BOTH.") }
    parts("jailbreak", "Attacks.", jailbreakFormat)
    parts("pii", "Personal data.") {
        learned()
        share("threshold", "From which probability on it counts.")
        flag("include_history", "Whether earlier messages are read too.", false)
        texts("pii_types_allowed", "Kinds that may pass.")
    }
    parts("kb", "Knowledge bases.", knowledgeFormat)
    parts("classifiers", "Labels of one's own.", classifiersFormat)
}

/** What an embedding rule compares besides text. */
internal val imageModalities: Map<String, Feature> get() = mapOf("image" to Feature.IMAGE_SIGNALS, "audio" to Feature.IMAGE_SIGNALS)

private val numbers = -1e6..1e6

/** `routing.projections`. */
internal val projectionsFormat = fields(acts = "decisions") {
    parts("partitions", "Signals of which only one counts.") {
        name("Name of the group.")
        choice("semantics", listOf("exclusive", "softmax_exclusive"), "Whether confidences are divided among members.", "exclusive")
        number("temperature", 1e-3..1e3, "How sharply they are divided.", 1.0)
        texts("members", "The signals.")
        text("default", "The member where none matches.", required = true)
    }
    parts("scores", "Weighted sums.") {
        name("Name of the score.")
        choice("method", listOf("weighted_sum"), "How it is made.", "weighted_sum")
        parts("inputs", "What goes in.") {
            text("type", "Type of the signal; kb_metric or projection.", required = true)
            text("name", "Its name, or name:label.")
            number("weight", numbers, "Its weight.", required = true)
            choice("value_source", listOf("binary", "confidence", "raw", "score"), "Which of its numbers.", "binary")
            number("match", numbers, "Value where it matches.", 1.0)
            number("miss", numbers, "Value where not.", 0.0)
            text("kb", "Knowledge base of a metric.")
            text("metric", "The metric.")
        }
    }
    parts("mappings", "Names for bands of a score.") {
        name("Name of the mapping.")
        text("source", "The score.", required = true)
        choice("method", listOf("threshold_bands", "multi_emit"), "The first band that fits, or all.", "threshold_bands")
        part("calibration", "How sure an output is.") {
            choice("method", listOf("sigmoid_distance"), "By the distance to the nearest bound.", "sigmoid_distance")
            number("slope", 1e-3..1e6, "How steeply.", 12.0)
        }
        parts("outputs", "The bands.") {
            name("Name that conditions of type projection use.")
            number("gt", -1e15..1e15, "More than this.")
            number("gte", -1e15..1e15, "This or more.")
            number("lt", -1e15..1e15, "Less than this.")
            number("lte", -1e15..1e15, "This or less.")
        }
    }
}
