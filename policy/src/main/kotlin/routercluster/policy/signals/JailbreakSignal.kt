package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.JailbreakSettings
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

internal enum class JailbreakMethod(val classifies: Boolean, val compares: Boolean) {
    CLASSIFIER(true, false),
    CONTRASTIVE(false, true),
    HYBRID(true, true),
}

/**
 * A rule of `routing.signals.jailbreak` as written.
 *
 * @property method null where the one written is unknown
 * @property threshold of the classifier; with method contrastive, of the margin
 * @property contrastiveThreshold of the margin, with method hybrid
 */
internal class RawJailbreak(
    rule: LearnedRule,
    private val method: JailbreakMethod?,
    private val threshold: Double?,
    private val contrastiveThreshold: Text?,
    private val margin: Double?,
    private val history: Boolean,
    private val attacks: RawBank,
    private val benign: RawBank,
) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        if (method == null) return null
        if (contrastiveThreshold != null && method != JailbreakMethod.HYBRID) {
            problems.add(contrastiveThreshold.at, "goes only with method hybrid", contrastiveThreshold.value)
        }
        if (!method.compares) refusePatterns(problems)
        val classifier = if (method.classifies) classifier(catalog, problems) ?: return null else null
        val comparison = if (method.compares) comparison(catalog, problems) ?: return null else null
        val detectors = mapOf("classifier" to classifier, "contrastive" to comparison).mapNotNull { (name, it) -> it?.let { name to it } }
        val heads = listOfNotNull(classifier?.head?.named, comparison?.head?.named)
        val terms = rule.terms("jailbreak", catalog, heads, catalog.modules.jailbreak.onError ?: OnError.BLOCK)
        return JailbreakSignal(terms, history, detectors.toMap())
    }

    private fun classifier(catalog: Catalog, problems: Problems): ThreatClassifier? {
        val head = catalog.headFor(Slot.JAILBREAK, at, problems)?.let(::LabelHead) ?: return null
        val settings = catalog.modules.jailbreak
        val positive = threatLabels(head, settings)
        if (positive.isEmpty()) {
            problems.add(at, "needs to know which labels of the head ${head.ref} mean a threat", accepted = "prompt_guard.positive_labels")
            return null
        }
        return ThreatClassifier(head, positive, threshold ?: settings.threshold)
    }

    private fun comparison(catalog: Catalog, problems: Problems): ThreatComparison? {
        val usable = listOf(attacks, benign).map { areExemplars(it.texts, it.at, problems) }.all { it }
        val head = catalog.headFor(Slot.EMBEDDING, at, problems)
        if (head == null || !usable) return null
        val margin = if (method == JailbreakMethod.CONTRASTIVE) threshold else margin
        val vectors = VectorHead(head, catalog.embedding.shape)
        return ThreatComparison(vectors, attacks.texts.map { it.value }, benign.texts.map { it.value }, margin ?: MARGIN_DEFAULT)
    }

    private fun refusePatterns(problems: Problems) {
        val written = listOf(attacks, benign).filter { it.texts.isNotEmpty() }
        written.forEach { problems.add(it.at, "goes only with method contrastive or hybrid") }
    }

    companion object {
        private const val MARGIN_DEFAULT = 0.1
        private val methods = JailbreakMethod.entries.associateBy { it.name.lowercase() }
        private val margins = 0.0..2.0

        fun read(section: Section): RawJailbreak {
            val method = section.oneOf("method", methods)
            return RawJailbreak(
                LearnedRule.read(section),
                if (section.has("method")) method else JailbreakMethod.CLASSIFIER,
                section.double("threshold", 0.0..1.0),
                section.text("contrastive_threshold"),
                section.double("contrastive_threshold", margins),
                section.boolean("include_history") ?: false,
                RawBank(section.texts("jailbreak_patterns"), section.at("jailbreak_patterns")),
                RawBank(section.texts("benign_patterns"), section.at("benign_patterns")),
            ).also { section.close() }
        }
    }
}

/** The labels of [head] that mean a threat; none where neither the policy nor the head says. */
internal fun threatLabels(head: LabelHead, settings: JailbreakSettings): Set<String> =
    settings.positiveLabels.ifEmpty { head.named.head.positive }

/**
 * Tells whether the newest user message, or with [history] any message, tries to break the rules of a model. It matches where
 * one of its [detectors] does, so hybrid finds what either finds; its confidence is the greatest of theirs. The value is the
 * classifier's, else the comparison's.
 *
 * It fails closed: unless something was found, a detector that failed or a text that was not read to its end is a failure, and
 * that refuses the request by default. Labels: `classifier` and `contrastive`, the detectors' own values; `abstain`.
 */
internal class JailbreakSignal(terms: Terms, private val history: Boolean, private val detectors: Map<String, ThreatDetector>) :
    HeadSignal(terms) {
    private val comparison = detectors.values.filterIsInstance<ThreatComparison>().firstOrNull()

    private val classifier = detectors.values.filterIsInstance<ThreatClassifier>().firstOrNull()

    override val thresholds: List<HeadThreshold> get() = listOfNotNull(classifier?.heldAgainst)

    override fun rangeOf(label: String?) = unitRange.takeIf { classifier != null && (label == null || label == "classifier") }

    override val labels = detectors.keys.associateWith { LabelKind.NUMBER } + (ABSTAIN to LabelKind.FLAG)

    override val exemplars = comparison?.let { it.head.exemplars(it.texts) }

    override fun prepared(vectors: List<FloatArray>): LearnedSignal =
        JailbreakSignal(terms, history, detectors.mapValues { (_, it) -> if (it is ThreatComparison) it.prepared(vectors) else it })

    override fun passages(facts: Facts): List<Passage> =
        guardedTexts(facts, history).let { texts -> detectors.values.flatMap { it.passages(texts) } }

    override fun read(facts: Facts, results: List<PassageResult>): Reading {
        val texts = guardedTexts(facts, history)
        val sizes = detectors.values.map { it.passages(texts).size }
        if (results.size != sizes.sum()) return Reading.Failed("${results.size} results for ${sizes.sum()} passages")
        val starts = sizes.runningFold(0, Int::plus)
        val readings =
            detectors.entries.mapIndexed { index, (name, detector) ->
                name to detector.read(results.subList(starts[index], starts[index + 1]))
            }
        return combine(readings.toMap(), unread(results))
    }

    private fun combine(readings: Map<String, Reading>, unread: String?): Reading {
        val seen = readings.mapNotNull { (name, it) -> (it as? Reading.Seen)?.let { seen -> name to seen } }.toMap()
        val matched = seen.values.filter { it.matched }
        val failure = readings.values.firstNotNullOfOrNull { it as? Reading.Failed } ?: unread?.let(Reading::Failed)
        if (matched.isEmpty() && failure != null) return failure
        val own = seen.mapValues { it.value.copy(found = emptyList(), labels = emptyMap()) }
        val abstain = seen.values.firstNotNullOfOrNull { it.labels[ABSTAIN] } ?: flag(false)
        return Reading.Seen(
            matched.isNotEmpty(),
            matched.maxOfOrNull { it.confidence } ?: 0.0,
            seen.values.firstNotNullOfOrNull { it.value },
            matched.flatMap { it.found }.distinct(),
            own + (ABSTAIN to abstain),
        )
    }
}
