package routercluster.policy.config.format

import routercluster.policy.cache.Admission
import routercluster.policy.cache.AdmissionRule
import routercluster.policy.cache.CacheControl
import routercluster.policy.cache.CacheMode
import routercluster.policy.cache.CacheScope
import routercluster.policy.cache.CacheSettings
import routercluster.policy.cache.ClientControls

private val personalizedFormat = fields(off = "mode" to "disabled") {
    choice("mode", listOf("disabled", "exact"), "Whether they are kept.", "disabled")
}

private val cacheCategory = fields {
    enabled()
    share("similarity_threshold", "From which similarity on.")
    share("max_error", "Share of its requests that may get a wrong answer.")
    ttl()
    number("weight", 0.0..1_000.0, "How many times as much its answers are worth, with eviction_policy cost.", 1.0)
}

/** In the order in which they count. */
internal val cacheMarks = listOf("cache_epoch", "model_revision", "prompt_revision", "policy_revision")

internal val responseCacheFormat = fields(acts = "answers of the decision") {
    enabled()
    choice("mode", CacheMode.entries.map { it.name.lowercase() }, "What counts as the same request.", "semantic")
    choice("scope", CacheScope.entries.map { it.name.lowercase() }, "Who may get another's answer.", "user")
    part("semantic", "Requests that are alike.") {
        share("similarity_threshold", "From which similarity on; where it is absent, that of global.stores.response_cache.")
    }
    share("similarity_threshold", "The same, in a former place.")
    share("max_error", "Share of requests that may get a wrong answer: hits by what a judge found, in place of a similarity.")
    share("max_risk", "With max_error: how likely any single hit may be wrong.", 1.0)
    text("judge", "External model of role classification that compares answers; goes with max_error.")
    ttl()
    whole(
        "stale_while_revalidate_seconds",
        0..SECONDS_MAX,
        "For how long after its time an answer is still given while the first request that meets it fetches a new one.",
        0,
    )
    flag("keep_time_sensitive", "Whether answers are kept to questions whose answer changes with time.", false)
    flag("single_flight", "Whether of equal requests at a time only one asks a model; for modes with exact.", true)
    field("categories", Kind.Named(Kind.Part(cacheCategory)), "What is different for a topic, by label of the domain head.")
    share("max_share", "Part of the room for equal requests that its answers may take, with eviction_policy cost.", 1.0)
    choice("conversation", listOf("equal", "similar"), "What the conversation before the last message has to be.", "equal")
    share(
        "conversation_threshold",
        "With similar: which part of all pairs of neighbouring words has to be the same.",
        CacheSettings.CONVERSATION_SIMILARITY,
    )
    part("admission", "Which answers get a place among those for alike requests.") {
        choice(
            "mode",
            Admission.entries.map { it.name.lowercase() },
            "All; those asked for again; or by topic, as they are given again.",
            "all",
        )
        share("min_reuse", "With reused: answers given again for each that is kept.", AdmissionRule.REUSE_MIN)
        number("min_saving", 0.0..1_000.0, "With reused: that, times what the answer cost.", 0.0)
    }
    part("request_controls", "What a client may say of it.") {
        enabled(default = false)
        text("header", "In which header.", ClientControls.HEADER)
        texts("allowed", "Which words.", CacheControl.words)
        whole("max_ttl_seconds", 0..SECONDS_MAX, "For how long at most.")
    }
    part("personalized", "Requests that retrieval has added to.", personalizedFormat, notBuilt = Feature.RAG)
    part("revision", "Marks that set entries apart.") {
        cacheMarks.forEach { text(it, "A mark of one's own.") }
    }
}
