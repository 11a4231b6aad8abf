package routercluster.policy.config.format

import routercluster.policy.config.Location

/**
 * What a policy file can ask for and this program does not do yet. Those that somebody relies on for protection come first.
 *
 * @property label in messages, metrics and documents
 * @property without what happens where an operator lets a policy serve that asks for it
 * @property isSecurity whether a policy without it protects less than its author meant
 */
enum class Feature(val label: String, val without: String, val isSecurity: Boolean = false) {
    AUTHZ_PROVIDERS("authz_providers", "keys come from the policy alone, never from a request's headers", isSecurity = true),
    LISTENER_KEYS("listener_api_keys", "the HTTP door asks for no key", isSecurity = true),
    MANAGEMENT_AUTH("management_api_auth", "the admin API asks for no token, on 127.0.0.1 alone", isSecurity = true),
    RESPONSE_JAILBREAK("response_jailbreak", "answers are not checked", isSecurity = true),
    HALLUCINATION("hallucination", "answers are not checked", isSecurity = true),
    ABSENT_CLASSIFIER("absent_classifier", "the signal fails, and each condition's on_error decides", isSecurity = true),

    ANTHROPIC_UPSTREAMS("anthropic_upstreams", "requests go out in OpenAI's format"),
    IMAGE_SIGNALS("image_signals", "images are not looked at: a rule over images alone fails, and on_error decides"),
    CACHE_BACKENDS("cache_backends", "answers are kept in a folder of this machine"),
    RAG("rag", "nothing is retrieved"),
    MEMORY("memory", "nothing is remembered"),
    VECTOR_STORE("vector_store", "there is no store to search"),
    CONTEXT_COMPRESSION("context_compression", "requests go out at their full length"),
    PROMPT_COMPRESSION("prompt_compression", "signals read the whole text"),
    TOOLS("tools", "a request's tools go out as they came"),
    IMAGE_GENERATION("image_generation", "the request goes to the decision's models"),
    ROUTER_REPLAY("router_replay", "the ring of decision records is all that is kept"),
    MODEL_SELECTION("model_selection", "decisions without an algorithm take their first candidate"),
    ROUTER_LEARNING("router_learning", "the pick of the algorithm stands"),
    ABSENT_SELECTOR("absent_selector", "the decision takes its candidates in the order of the file, as by static"),
    LOOPER("looper", "one model answers: the first of the decision's candidates, as by static"),
    OUTPUT_CONTRACT("output_contract", "answers pass as the model wrote them"),
    RETENTION("retention", "nothing is kept that could be dropped"),
    STREAMED_BODY("streamed_body", "the whole body is read before it is routed"),
    SKIP_PROCESSING("skip_processing", "every request is routed"),
    BATCH_CLASSIFICATION("batch_classification", "the classification API keeps to the bounds of this program"),
    WINDOWED_METRICS("windowed_metrics", "metrics count from the start"),
    MANAGEMENT_API("management_api", "the admin API listens where the command line says"),
    STARTUP_STATUS("startup_status", "the admin API alone tells whether the program is ready"),
}

/** A place where a policy asks for a [feature] that is not built yet. */
data class Inactive(val feature: Feature, val at: Location)

/** A [feature] that a policy asks for at [places], in the order of the file. */
class InactiveFeature(val feature: Feature, val places: List<Location>) {
    override fun toString(): String {
        val more = if (places.size == 1) "" else " and ${places.size - 1} more"
        val mark = if (feature.isSecurity) " (protects)" else ""
        return "${places.first()}: ${places.first().path}$more: ${feature.label}$mark is not built yet: ${feature.without}"
    }
}

/** Feature by feature; what protects comes first, as in [Feature]. */
fun List<Inactive>.byFeature(): List<InactiveFeature> =
    groupBy { it.feature }.toSortedMap().map { (feature, places) -> InactiveFeature(feature, places.map { it.at }) }
