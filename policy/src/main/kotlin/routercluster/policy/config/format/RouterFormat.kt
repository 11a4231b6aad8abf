package routercluster.policy.config.format

private val modelSelection = fields {
    former("elo", "rl_driven", "gmtrouter", "session_aware", "model_switch_gate", "lookup_tables", now = "global.router.learning")
    enabled()
    choice("method", selectionMethods, "The algorithm.", "knn")
    part("router_dc", "Settings of router_dc.", routerDcFormat)
    part("automix", "Settings of automix.", automixFormat)
    part("hybrid", "Settings of hybrid.", hybridFormat)
    part("momentum", "How quickly a conversation changes its model.") {
        enabled(default = false)
        share("attack", "Weight of a harder turn.", 0.7)
        share("release", "Weight of an easier turn.", 0.3)
        share("threshold", "From which level on the stronger model is taken.", 0.6)
    }
    part("ml", "Models trained beforehand.") {
        text("models_path", "Folder of the models.")
        whole("embedding_dim", 1..65_536, "Length of a vector.")
        part("knn", "Nearest neighbours.") {
            whole("k", 1..10_000, "Neighbours that vote.", 5)
            text("pretrained_path", "File of the model.")
        }
        part("kmeans", "Clusters.") {
            whole("num_clusters", 1..100_000, "Clusters.", 8)
            share("efficiency_weight", "Weight of speed.")
            text("pretrained_path", "File of the model.")
        }
        part("svm", "Support vectors.") {
            choice("kernel", listOf("rbf", "linear"), "Kind of kernel.", "rbf")
            number("gamma", 0.0..1e6, "Width of the kernel.")
            text("pretrained_path", "File of the model.")
        }
        part("mlp", "A small network.") {
            choice("device", listOf("cpu", "cuda", "metal"), "Where it runs.", "cpu")
            text("pretrained_path", "File of the model.")
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
    part("model_selection", "How a model is picked where a decision does not say.", modelSelection, notBuilt = Feature.MODEL_SELECTION)
    part("learning", "Picks that learn from what came of earlier ones.", learning, notBuilt = Feature.ROUTER_LEARNING)
}
