package routercluster.policy.config.raw

import routercluster.policy.catalog.ModalitySettings
import routercluster.policy.config.Location
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.explainerFormat
import routercluster.policy.config.format.isOn
import routercluster.policy.config.format.mitigationActions
import routercluster.policy.config.format.mitigationFormat
import routercluster.policy.config.format.modulesFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.format.systemSlots
import routercluster.policy.signals.OnError

/** `modules` of the catalog: how the answers of encoders are judged. */
internal class RawModules(
    val promptGuard: RawClassifier? = null,
    val guardProtocol: RawGuardProtocol? = null,
    val promptGuardOnError: OnError? = null,
    val positiveLabels: List<Text> = emptyList(),
    val domain: RawClassifier? = null,
    val fallbackCategory: String? = null,
    val mcp: RawMcp? = null,
    val pii: RawClassifier? = null,
    val preference: RawPreference? = null,
    val complexity: RawPrototypes? = null,
    val factCheck: RawClassifier? = null,
    val detector: RawDetector? = null,
    val explainer: RawClassifier? = null,
    val mitigationEnabled: Boolean? = null,
    val feedback: RawClassifier? = null,
    val modality: RawModality? = null,
)

/** How the prompt guard asks an external model. */
internal enum class GuardProtocol { HTTP_CLASSIFY, HTTP_CHAT }

internal class RawGuardProtocol(val value: GuardProtocol, val at: Location)

/**
 * A module that asks one head.
 *
 * @property modelRef a slot of `system`
 * @property modelId a model folder, which comes before [modelRef]
 * @property mappingPath a file of labels
 */
internal class RawClassifier(
    val at: Location,
    val enabled: Boolean?,
    val modelRef: Text?,
    val modelId: Text?,
    val threshold: Double?,
    val useCpu: Boolean?,
    val mappingPath: Text?,
)

internal class RawPreference(val contrastive: Boolean?, val model: Text?, val prototypes: RawPrototypes?)

internal class RawDetector(
    val classifier: RawClassifier,
    val spanWordsMin: Int?,
    val spanConfidenceMin: Double?,
    val contextWords: Int?,
    val nliFiltering: Boolean?,
    val nliEntailment: Double?,
)

internal class RawModality(
    val classifier: RawClassifier?,
    val enabled: Boolean?,
    val method: ModalitySettings.Method?,
    val threshold: Double?,
    val lowerThresholdRatio: Double?,
    val promptPrefixes: List<String>,
    val keywords: List<String>,
    val bothKeywords: List<String>,
)

private val share = 0.0..1.0

/** The seed's words: a guard that cannot answer lets pass, or counts as having found something. */
private val guardErrors = mapOf("allow" to OnError.NO_MATCH, "block" to OnError.MATCH)

private val guardProtocols = GuardProtocol.entries.associateBy { it.name.lowercase() }

internal fun readModules(section: Section): RawModules {
    section.readInactive(modulesFormat)
    val guard = section.section("prompt_guard")
    val classifier = section.section("classifier")
    val domain = classifier?.section("domain")
    val mitigation = section.section("hallucination_mitigation")
    mitigation?.let(::readMitigation)
    return RawModules(
        guard?.let { readClassifier(it, "jailbreak_mapping_path") },
        guard?.let { section -> section.oneOf("protocol", guardProtocols)?.let { RawGuardProtocol(it, section.at("protocol")) } },
        guard?.oneOf("on_error", guardErrors),
        guard?.texts("positive_labels").orEmpty(),
        domain?.let { readClassifier(it, "category_mapping_path") },
        domain?.text("fallback_category")?.value,
        classifier?.section("mcp")?.let(::readMcp),
        classifier?.section("pii")?.let { readClassifier(it, "pii_mapping_path") },
        classifier?.section("preference")?.let(::readPreference),
        section.section("complexity")?.section("prototype_scoring")?.let(::readPrototypes),
        mitigation?.section("fact_check")?.let { readClassifier(it, null) },
        mitigation?.section("detector")?.let(::readDetector),
        mitigation?.section("explainer")?.let { readClassifier(it, null) },
        mitigation?.boolean("enabled"),
        section.section("feedback_detector")?.let { readClassifier(it, "feedback_mapping_path") },
        section.section("modality_detector")?.let(::readModality),
    )
}

/** What it would do to answers, which nothing does yet; its fact checks are signals, and its explainer judges pairs for operators. */
private fun readMitigation(section: Section) {
    val action = section.oneOf("on_hallucination_detected", mitigationActions)
    if (!section.isOn(mitigationFormat)) return
    action?.let { section.problems.inactive(it, section.at("on_hallucination_detected")) }
    section.readInactive(mitigationFormat)
    section.section("explainer")?.let { if (it.isOn(explainerFormat)) it.readInactive(explainerFormat) }
}

/** The hints that choose among the seed's runtimes are checked and have nothing to choose here: an encoder's folder says what it is. */
private fun readClassifier(section: Section, mappingKey: String?): RawClassifier {
    section.oneOf("variant", listOf("candle", "mmbert32k").associateWith { it })
    section.boolean("use_modernbert")
    section.boolean("use_mmbert_32k")
    return RawClassifier(
        section.here,
        section.boolean("enabled"),
        section.oneOf("model_ref", systemSlots.associateWith { it })?.let { Text(it, section.at("model_ref")) },
        section.text("model_id"),
        section.double("threshold", share),
        section.boolean("use_cpu"),
        mappingKey?.let(section::text),
    )
}

private fun readPreference(section: Section) =
    RawPreference(
        section.boolean("use_contrastive"),
        section.text("embedding_model"),
        section.section("prototype_scoring")?.let(::readPrototypes),
    )

private fun readDetector(section: Section): RawDetector {
    section.oneOf("backend", mapOf("candle" to Unit), later = listOf("endpoint"))
    section.boolean("include_explanation")
    if (section.string("endpoint")?.isNotBlank() == true) section.refuse("endpoint", Section.NOT_SUPPORTED_YET)
    return RawDetector(
        readClassifier(section, null),
        section.int("min_span_length", 1..1_000),
        section.double("min_span_confidence", share),
        section.int("context_window_size", 0..100_000),
        section.boolean("enable_nli_filtering"),
        section.double("nli_entailment_threshold", share),
    )
}

private val modalityMethods = ModalitySettings.Method.entries.associateBy { it.name.lowercase() }

private fun readModality(section: Section): RawModality {
    val classifier = section.section("classifier")
    return RawModality(
        classifier?.let {
            RawClassifier(it.here, null, null, it.text("model_path"), null, it.boolean("use_cpu"), null)
        },
        section.boolean("enabled"),
        section.oneOf("method", modalityMethods),
        section.double("confidence_threshold", share),
        section.double("lower_threshold_ratio", share),
        section.strings("prompt_prefixes"),
        section.strings("keywords"),
        section.strings("both_keywords"),
    )
}
