package routercluster.policy.config.format

import routercluster.policy.config.format.Status.NotBuilt

private val externalSearch = fields {
    text("endpoint", "Address of the search.")
    secret("api_key", "Its key.")
    text("auth_header", "Header of the key.")
    choice("request_format", listOf("pinecone", "weaviate", "elasticsearch", "custom"), "Form of a request.")
    text("request_template", "Template of a custom request.")
    whole("timeout_seconds", 1..3_600, "Longest wait.")
    textMap("headers", "Headers of every request.", secret = true)
}

private val fileSearch = fields {
    text("vector_store_id", "The store.")
    text("base_url", "Address of the API.")
    secret("api_key", "Its key.")
    whole("max_num_results", 1..1_000, "Results at most.")
    texts("file_ids", "Only these files.")
    field("filter", Kind.Anything, "Which entries count.")
    whole("timeout_seconds", 1..3_600, "Longest wait.")
    choice("workflow_mode", listOf("direct_search", "tool_based"), "Who searches: this program, or the model.")
}

private val collection = fields {
    text("collection", "Name of the collection.")
    flag("reuse_cache_connection", "Whether the cache's connection is used.", false)
    text("content_field", "Field of the text.")
    text("metadata_field", "Field of the metadata.")
    text("filter_expression", "Which entries count.")
}

private val ragBackends: Map<String, Case> =
    mapOf(
        "milvus" to Case("A collection of Milvus.", collection),
        "qdrant" to Case("A collection of Qdrant.", collection),
        "external_api" to Case("A search over HTTP.", externalSearch),
        "mcp" to Case(
            "A tool of an MCP server.",
            fields {
                text("server_name", "The server.")
                text("tool_name", "The tool.")
                field("tool_arguments", Kind.Anything, "What it is given; \${user_content} and \${top_k} stand for the request's.")
                whole("timeout_seconds", 1..3_600, "Longest wait.")
            },
        ),
        "openai" to Case("File search of OpenAI.", fileSearch),
        "vectorstore" to Case(
            "A vector store of this program.",
            fields {
                text("vector_store_id", "The store.")
                texts("file_ids", "Only these files.")
            },
        ),
        "hybrid" to Case(
            "Two of the others.",
            fields {
                text("primary", "The first.")
                text("fallback", "The second.")
                choice("strategy", listOf("sequential", "parallel"), "One after the other or both at once.", "sequential")
                field("primary_config", Kind.Anything, "Settings of the first.")
                field("fallback_config", Kind.Anything, "Settings of the second.")
            },
        ),
    )

private val rag = fields {
    enabled()
    choice("backend", ragBackends.keys.toList(), "Where is searched.", required = true)
    share("similarity_threshold", "From which similarity on a passage counts.")
    whole("top_k", 1..1_000, "Passages that are put in.")
    whole("max_context_length", 1..MANY, "Length of what is put in.", unit = "characters")
    choice("injection_mode", listOf("tool_role", "system_prompt"), "Where it is put.", "tool_role")
    choice("on_failure", listOf("skip", "warn", "block"), "What a failure does.", "skip")
    flag("cache_results", "Whether results are kept.", false)
    whole("cache_ttl_seconds", 0..SECONDS_MAX, "For how long.")
    share("min_confidence_threshold", "Below which sureness nothing is put in.")
    cases("backend", "backend_config", ragBackends)
}

private val memory = fields {
    enabled()
    whole("retrieval_limit", 1..1_000, "Memories that are put in.")
    share("similarity_threshold", "From which similarity on a memory counts.")
    flag("auto_store", "Whether every turn is remembered.")
    flag("hybrid_search", "Whether words count beside vectors.")
    choice("hybrid_mode", hybridModes, "How words and vectors are joined.")
    part("reflection", "How memories are sifted before a model sees them.", reflectionFormat)
}

private val contextCompression = fields {
    enabled()
    choice("mode", listOf("auto", "always"), "When.", "auto")
    part("budget", "Lengths.") {
        wholeOr("auto", "trigger_tokens", counts, "From which length on.")
        wholeOr("auto", "target_tokens", counts, "To which length.")
        wholeOr("auto", "reserve_output_tokens", counts, "Room for the answer.")
    }
    part("targets", "What is shortened.") {
        part("tool_outputs", "Results of tools.") {
            choice("mode", listOf("preserve", "extractive", "recoverable"), "How.", "extractive")
            whole("min_tokens", counts, "From which length on.", 2_000)
            whole("target_tokens", counts, "To which length.", 1_000)
        }
        listOf("history", "rag", "memory").forEach {
            part(it, "Part of the request: $it.") { choice("mode", listOf("preserve", "recoverable"), "How.", "preserve") }
        }
    }
    part("scoring", "What is kept.") {
        choice("method", listOf("bm25", "embedding", "hybrid"), "How passages are ranked.", "bm25")
        text("embedding_model_ref", "Which model makes vectors.")
    }
    part("recovery", "A tool that gives the model what was cut.") {
        enabled(default = false)
        text("store", "Where it is kept.")
        ttl(900)
        whole("max_bytes_per_request", counts, "Length of one request's.", 10_485_760)
        whole("max_total_bytes", 0..Int.MAX_VALUE, "Length of all.", 268_435_456)
        whole("max_retrievals", 0..1_000, "Calls of one request.", 8)
    }
    part("request_controls", "What a client may say of it.") {
        enabled(default = false)
        text("header", "In which header.", "x-vsr-compression-control")
        texts("allowed", "Which words.", listOf("bypass", "target"))
        whole("max_target_tokens", counts, "To which length at most.")
    }
    choice("failure_mode", listOf("fail_open", "fail_closed"), "What a failure does.", "fail_open")
}

private val tools = fields(off = "mode" to "passthrough") {
    enabled()
    choice("mode", listOf("passthrough", "filtered", "none"), "All tools of a request, some, or none.", "passthrough")
    flag("semantic_selection", "Whether only tools like the request go out.", false)
    texts("allow_tools", "Only these.")
    texts("block_tools", "None of these.")
    flag("strip_tool_history", "Whether earlier calls are taken out too.", false)
    text("strategy", "How tools are chosen.")
    part("dynamic_retrieval", "Tools chosen anew at every turn.") {
        enabled(default = false)
        choice("strategy", listOf("semantic_only", "hybrid_history"), "How.")
        whole("history_window", 0..10_000, "Calls that are looked at.")
        field("weights", Kind.Named(Kind.Number(0.0..100.0)), "Weights of the parts of a score.")
        share("min_history_confidence", "How sure earlier calls must be.")
        text("fallback", "What is done without history.")
    }
}

private val toolSelection = fields {
    enabled()
    choice("mode", listOf("add", "filter"), "Adds tools, or takes some out.", required = true)
    text("tools_db_path", "File of the tools.")
    whole("top_k", 1..1_000, "Tools that are added.")
    share("similarity_threshold", "From which similarity on a tool is added.")
    text("strategy", "How tools are chosen.")
    flag("fallback_to_empty", "Whether a failure adds none.")
    part("advanced_filtering", "How tools are ranked.", advancedFilteringFormat)
    share("relevance_threshold", "Below which relevance a tool is taken out.")
    whole("preserve_count", 0..1_000, "Tools that stay.")
}

private val imageGeneration = fields {
    enabled()
    choice("backend", listOf("openai", "vllm_omni"), "Who makes images.", required = true)
    part("backend_config", "Its settings.") {
        text("base_url", "Address of the API.")
        text("model", "Name of the model.")
        secret("api_key", "Its key.")
        text("size", "Size of an image.")
        text("quality", "Quality of an image.")
        text("style", "Style of an image.")
        whole("num_inference_steps", 1..10_000, "Steps.")
        number("cfg_scale", 0.0..100.0, "How closely the prompt is followed.")
        whole("seed", Int.MIN_VALUE..Int.MAX_VALUE, "Seed of chance.")
    }
    part("modality_detection", "When it is wanted.") {
        choice("method", modalityMethods, "By what.", "hybrid")
        part("classifier", "The encoder.") {
            text("model_path", "Its folder.")
            flag("use_cpu", "Whether it runs without a GPU.")
        }
        texts("prompt_prefixes", "Beginnings of a text that ask for an image.")
        texts("keywords", "Words that ask for an image.")
        texts("both_keywords", "Words that ask for text and an image.")
        share("confidence_threshold", "How sure the encoder must be.", 0.7)
        share("lower_threshold_ratio", "Share of that below which words decide.", 0.7)
    }
    whole("default_width", 1..65_536, "Width of an image.", 1_024, unit = "pixels")
    whole("default_height", 1..65_536, "Height of an image.", 1_024, unit = "pixels")
    whole("max_inference_steps", 1..10_000, "Steps at most.")
    whole("timeout_seconds", 1..3_600, "Longest wait.")
}

private val answerActions = listOf("header", "body", "none")

private val hallucination = fields {
    enabled()
    flag("use_nli", "Whether findings are checked by a second encoder.", false)
    choice("hallucination_action", answerActions, "What a finding does.", "header")
    choice("unverified_factual_action", answerActions, "What an answer without sources does.", "header")
    flag("include_hallucination_details", "Whether findings are shown.", false)
}

private val responseJailbreak = fields {
    enabled()
    share("threshold", "From which probability on it is a finding.")
    choice("action", listOf("header", "block", "none"), "What a finding does.", "header")
}

private val routerReplay = fields {
    enabled()
    whole("max_records", 1..MANY, "Records that are kept.", 200)
    flag("capture_request_body", "Whether requests are kept.", false)
    flag("capture_response_body", "Whether answers are kept.", false)
    whole("max_body_bytes", counts, "Length of a body that is kept.", 4_096)
    whole("max_tool_trace_bytes", counts, "Length of a field of a tool call; 0 is without end.", 0)
    whole("max_tool_trace_steps", counts, "Tool calls of one record; 0 is without end.", 0)
}

private fun builtPlugins(): Map<String, Case> =
    mapOf(
        "fast_response" to Case(
            "Answers at once, without a model.",
            fields {
                enabled()
                text("message", "The answer.", required = true)
            },
        ),
        "request_params" to Case(
            "Takes parameters out and bounds others.",
            fields {
                enabled()
                texts("blocked_params", "Parameters that are taken out.")
                whole("max_tokens_limit", 1..1_000_000_000, "Tokens of an answer at most.")
                whole("max_n", 1..1_000, "Answers at most.")
                flag("strip_unknown", "Whether parameters that OpenAI does not know are taken out.", false)
            },
        ),
        "system_prompt" to Case(
            "Puts in a system prompt.",
            fields {
                enabled()
                text("system_prompt", "The text.", required = true)
                choice("mode", listOf("insert", "replace"), "Before the request's own, or in its place.", "insert")
            },
        ),
        "header_mutation" to Case(
            "Changes headers of the request to the model.",
            fields {
                enabled()
                parts("add", "Headers that are added.", headerFormat())
                parts("update", "Headers that are set.", headerFormat())
                texts("delete", "Headers that are taken out.")
            },
        ),
        "response_cache" to Case("Gives an earlier answer again.", responseCacheFormat),
    )

private fun headerFormat() = fields {
    name("Name of the header.")
    field("value", Kind.Text(secret = true), "Its value.", required = true)
}

private fun notBuiltPlugins(): Map<String, Case> =
    mapOf(
        "rag" to Case("Puts in passages of documents.", rag, NotBuilt(Feature.RAG)),
        "memory" to Case("Puts in what is remembered of the user.", memory, NotBuilt(Feature.MEMORY)),
        "context_compression" to Case("Shortens the request.", contextCompression, NotBuilt(Feature.CONTEXT_COMPRESSION)),
        "tools" to Case("Says which tools go out.", tools, NotBuilt(Feature.TOOLS)),
        "tool_selection" to Case("Adds tools or takes some out.", toolSelection, NotBuilt(Feature.TOOLS)),
        "image_gen" to Case("Makes an image.", imageGeneration, NotBuilt(Feature.IMAGE_GENERATION)),
        "hallucination" to Case("Checks answers against their sources.", hallucination, NotBuilt(Feature.HALLUCINATION)),
        "response_jailbreak" to
            Case("Checks answers for attacks that went through.", responseJailbreak, NotBuilt(Feature.RESPONSE_JAILBREAK)),
        "router_replay" to Case("Keeps a record of the decision.", routerReplay, NotBuilt(Feature.ROUTER_REPLAY)),
    )

/** Former names of plugins, which the seed still takes. */
internal val formerPlugins: Map<String, String> = listOf("semantic-cache", "semantic_cache").associateWith { "response_cache" }

/** An entry of a decision's `plugins`. */
internal val pluginFormat = fields(acts = "requests of the decision") {
    val notBuilt = notBuiltPlugins()
    val features = notBuilt.mapValues { (_, case) -> (case.status as NotBuilt).feature }
    choice("type", builtPlugins().keys.toList(), "What it does.", required = true, notBuilt = features)
    cases("type", "configuration", builtPlugins() + notBuilt)
}
