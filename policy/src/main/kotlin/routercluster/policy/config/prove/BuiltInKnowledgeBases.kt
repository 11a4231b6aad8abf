package routercluster.policy.config.prove

import routercluster.policy.config.Location
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawGroupMargin
import routercluster.policy.config.raw.RawKnowledgeBase
import routercluster.policy.config.raw.RawLabelThreshold

/**
 * A knowledge base of vLLM Semantic Router, which policies written for it name without describing it. Only what is said of its labels is
 * here: its exemplars lie in [folder], seen from the policy's own.
 *
 * @property metric compares the first group with the second
 */
private class BuiltIn(
    val folder: String,
    val threshold: Double,
    val labelThresholds: Map<String, Double>,
    val groups: Map<String, List<String>>,
    val metric: Triple<String, String, String>,
)

private val security = listOf("prompt_injection", "credential_exfiltration", "jailbreak_role", "system_prompt_extraction")
private val confidential =
    listOf(
        "proprietary_code",
        "internal_document",
        "pii",
        "business_strategy",
        "trade_secret_ip",
        "operational_infrastructure",
        "locality_directive",
        "customer_data",
    )
private val demanding = listOf("architecture_analysis", "root_cause_analysis", "multi_step_tradeoffs")
private val plain = listOf("generic_coding", "simple_task", "general_knowledge")

private val builtIn =
    mapOf(
        "privacy_kb" to
            BuiltIn(
                "knowledge_bases/privacy",
                threshold = 0.55,
                labelThresholds = mapOf("prompt_injection" to 0.7),
                groups =
                    mapOf(
                        "security_containment" to security,
                        "privacy_policy" to confidential,
                        "frontier_reasoning" to demanding,
                        "local_standard" to plain,
                        "private" to security + confidential,
                        "public" to demanding + plain,
                    ),
                metric = Triple("private_vs_public", "private", "public"),
            ),
        "mmlu_kb" to
            BuiltIn(
                "knowledge_bases/mmlu",
                threshold = 0.25,
                labelThresholds = emptyMap(),
                groups =
                    mapOf(
                        "escalate" to
                            listOf(
                                "biology",
                                "business",
                                "computer science",
                                "economics",
                                "history",
                                "math",
                                "other",
                                "philosophy",
                                "psychology",
                            ),
                        "keep" to listOf("chemistry", "engineering", "health", "law", "physics"),
                    ),
                metric = Triple("escalate_vs_keep", "escalate", "keep"),
            ),
    )

/** The built-in knowledge base that a rule names, as if the policy had described it there; null where none is called so. */
internal fun builtInKnowledgeBase(name: Text): RawKnowledgeBase? = builtIn[name.value]?.let { written(name.value, it, name.at) }

private fun written(name: String, base: BuiltIn, at: Location): RawKnowledgeBase {
    val (metric, positive, negative) = base.metric
    return RawKnowledgeBase(
        name = Text(name, at),
        folder = Text(base.folder, at),
        manifest = null,
        threshold = base.threshold,
        labelThresholds = base.labelThresholds.map { (label, threshold) -> RawLabelThreshold(Text(label, at), threshold) },
        groups = base.groups.mapValues { (_, labels) -> labels.map { Text(it, at) } },
        groupsAt = at,
        metrics = listOf(RawGroupMargin(Text(metric, at), Text(positive, at), Text(negative, at))),
        prototypes = null,
    )
}
