package routercluster.policy.config.format

private val notBuilt = Status.NotBuilt(Feature.MODEL_SELECTION)

internal val modelSelectionFormat = fields {
    former("elo", "rl_driven", "gmtrouter", "session_aware", "model_switch_gate", "lookup_tables", now = "global.router.learning")
    enabled()
    field("method", Kind.Choice(selectionMethods), "The algorithm.", status = notBuilt)
    part("router_dc", "Settings of router_dc.", routerDcFormat, notBuilt = Feature.MODEL_SELECTION)
    part("automix", "Settings of automix.", automixFormat, notBuilt = Feature.MODEL_SELECTION)
    part("hybrid", "Settings of hybrid.", hybridFormat, notBuilt = Feature.MODEL_SELECTION)
    part("momentum", "How quickly a conversation changes its model.", notBuilt = Feature.MODEL_SELECTION) {
        enabled(default = false)
        share("attack", "Weight of a harder turn.", 0.7)
        share("release", "Weight of an easier turn.", 0.3)
        share("threshold", "From which level on the stronger model is taken.", 0.6)
    }
    part("ml", "Artifacts of algorithms that were trained beforehand, where a decision names none.") {
        text("models_path", "Folder in which files are looked for that are not found beside this one.")
        whole("embedding_dim", 1..65_536, "Numbers of an embedding that artifacts must be made for.")
        part("knn", "Nearest neighbours.") {
            whole("k", 1..10_000, "Neighbours that are asked; left out, as trained.")
            text("pretrained_path", "File of the artifact.")
        }
        part("kmeans", "Clusters.") {
            whole("num_clusters", 1..100_000, "Clusters that the artifact must have.")
            share("efficiency_weight", "Weight of cost, where a decision gives none.")
            text("pretrained_path", "File of the artifact.")
        }
        part("svm", "Support vectors.") {
            choice("kernel", listOf("rbf", "linear"), "Kernel that the artifact must have.")
            number("gamma", 0.0..1e6, "Width of the kernel that the artifact must have.")
            text("pretrained_path", "File of the artifact.")
        }
        part("mlp", "A small network.") {
            choice("device", listOf("cpu", "cuda", "metal"), "Where it runs: always on the CPU, being so small.")
            text("pretrained_path", "File of the artifact.")
        }
    }
}

internal val candidateSets = listOf("decision", "tier", "global")

private val learning = fields {
    enabled(default = false)
    part("adaptation", "Whether experience changes a pick.") {
        enabled()
        choice("candidate_set", candidateSets, "Among which models.", "decision")
        choice("strategy", listOf("routing_sampling"), "How.", "routing_sampling")
    }
    part("protection", "Whether a conversation keeps its model.") {
        enabled()
        choice("scope", listOf("conversation", "session"), "What keeps it.", "conversation")
        part("identity", "How a conversation is known.") {
            part("headers", "Headers that name it.") {
                text("session", "Header of the session.", "x-session-id")
                text("conversation", "Header of the conversation.", "x-conversation-id")
            }
        }
        part("tuning", "When it changes all the same.") {
            whole("idle_timeout_seconds", 0..SECONDS_MAX, "Silence after which it is free.", 300)
            whole("min_turns_before_switch", 0..10_000, "Turns before the first change.", 1, unit = "turns")
            number("switch_margin", 0.0..1.0, "Gain below which it stays.", 0.05)
            number("stability_weight", 0.0..1_000.0, "Weight of what a change costs.", 1.0)
        }
    }
    part("state_store", "Where conversations are known from.") {
        choice("backend", listOf("memory", "redis"), "The store.", "memory")
        ttl(86_400)
        whole("timeout_ms", 1..60_000, "Longest wait for it.", 50)
        part("redis", "Settings of Redis.") {
            text("address", "Host and port of the server.")
            secret("password", "Its password.")
            whole("database", 0..1_024, "Number of the database.", 0)
            text("key_prefix", "Stands before every key.")
        }
    }
}

internal val routerFormat = fields(acts = "routing") {
    choice("config_source", listOf("file"), "Where the policy comes from.", "file", refused = listOf("kubernetes"))
    choice("strategy", listOf("priority", "confidence"), "Order among decisions that match, of recipes that say none.", "priority")
    text("auto_model_name", "One more model name that asks for routing.")
    texts("auto_model_names", "Model names that ask for routing.", default = "[vllm-sr/auto, auto, MoM]")
    flag("include_config_models_in_list", "Whether the list of models shows those behind the router.", false)
    flag("clear_route_cache", "Whether Envoy chooses its route again after a model was picked.", true)
    part("streamed_body", "A body that is read in pieces.", notBuilt = Feature.STREAMED_BODY) {
        enabled(default = false)
        whole("max_bytes", counts, "Length of a body.")
        whole("timeout_sec", 0..86_400, "Longest wait for the next piece.")
    }
    part("skip_processing", "Requests that pass as they are.", notBuilt = Feature.SKIP_PROCESSING) { enabled(default = false) }
    part("model_selection", "How a model is picked where a decision does not say.", modelSelectionFormat)
    part("learning", "Picks that learn from what came of earlier ones.", learning, notBuilt = Feature.ROUTER_LEARNING)
}
