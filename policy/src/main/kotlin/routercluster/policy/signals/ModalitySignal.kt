package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.ModalitySettings
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.request.Words

/** What an answer is to be made of: [AR] is text, [DIFFUSION] an image, [BOTH] both. */
internal enum class Modality { AR, DIFFUSION, BOTH }

/** A rule of `routing.signals.modality` as written. Its name says which of the three [outcome]s it is. */
internal class RawModality(rule: LearnedRule, private val modality: Modality?) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val settings = catalog.modules.modality
        val keywords = ModalityKeywords(settings)
        if (settings.method == ModalitySettings.Method.KEYWORD) {
            if (!settings.enabled) problems.add(at, "needs modality_detector, which the policy has switched off")
            return modality?.takeIf { settings.enabled }?.let { KeywordModality(SignalRef("modality", name), it, keywords) }
        }
        val head = catalog.headFor(Slot.MODALITY, at, problems)?.let(::LabelHead) ?: return null
        val labels = Modality.entries.associateBy { head.labelOf(it.name) }
        (Modality.entries - labels.filterKeys { it != null }.values.toSet()).forEach { missingLabel(at, head, it.name, problems) }
        if (null in labels.keys || modality == null) return null
        val terms = rule.terms("modality", catalog, listOf(head.named))
        return ModalitySignal(terms, head, labels, modality, settings, keywords)
    }

    companion object {
        private val outcomes = Modality.entries.associateBy { it.name }

        fun read(section: Section) = RawModality(LearnedRule.read(section), section.outcome(outcomes)).also { section.close() }
    }
}

/** What the policy's words say: a word for both; else a beginning or a word that asks for an image; else text. */
internal class ModalityKeywords(settings: ModalitySettings) {
    private val beginnings = settings.promptPrefixes.map { Words.fold(it.trim()) }.filter { it.isNotEmpty() }
    private val index = PhraseIndex(listOf(phrases(settings.keywords), phrases(settings.bothKeywords)))

    fun read(words: Words): Modality {
        val text = words.folded.trimStart()
        val (asksImage, asksBoth) = index.sightingsIn(words).isReached
        return when {
            asksBoth -> Modality.BOTH
            asksImage || beginnings.any(text::startsWith) -> Modality.DIFFUSION
            else -> Modality.AR
        }
    }

    private fun phrases(written: List<String>) = written.filter { it.isNotBlank() }.map { Phrase(it, caseSensitive = false) }
}

/** Tells by the policy's words alone; knows only yes and no. */
internal class KeywordModality(override val ref: SignalRef, private val own: Modality, private val keywords: ModalityKeywords) : Signal {
    override val cost = Cost.SCAN

    override fun read(facts: Facts): Reading =
        if (facts.userText.isNotBlank() && keywords.read(facts.words) == own) Reading.Seen(true, found = listOf(own.name)) else nothing
}

/**
 * Tells what the newest user message wants its answer to be made of. The head's first choice counts from
 * [ModalitySettings.threshold] on. In method hybrid it also counts where the policy's words agree with it, and else from
 * `lowerThresholdRatio` times the threshold on; below that, and where the head abstains, the words decide. In method classifier
 * nothing matches then.
 *
 * Value: the probability of the rule's own outcome, 0..1. Confidence: the same, or 0.5 where words decided against the head.
 *
 * @property known the outcome for each of the head's labels
 */
internal class ModalitySignal(
    terms: Terms,
    private val head: LabelHead,
    private val known: Map<String?, Modality>,
    private val own: Modality,
    private val settings: ModalitySettings,
    private val keywords: ModalityKeywords,
) : HeadSignal(terms) {
    override val labels = mapOf(ABSTAIN to LabelKind.FLAG)

    override val thresholds: List<HeadThreshold>
        get() {
            val first = head.firstChoiceFrom
            val own = HeadThreshold(settings.threshold, listOf(ModuleKeys.MODALITY), least = first, mostNever = head.staysBelowOne)
            val isHybrid = settings.method == ModalitySettings.Method.HYBRID
            if (!isHybrid || settings.threshold < first || settings.threshold == 0.0) return listOf(own)
            val ratio = first / settings.threshold
            val below = "never lets words decide: the head abstains first"
            return listOf(
                own,
                HeadThreshold(
                    settings.lowerThresholdRatio,
                    listOf(ModuleKeys.MODALITY_RATIO),
                    ratio,
                    mostNever = false,
                    below = below,
                ),
            )
        }

    override fun rangeOf(label: String?) = unitRange.takeIf { label == null }

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let { judge(it, facts) } ?: nothing }

    private fun judge(answer: Distribution, facts: Facts): Reading {
        val value = answer.of(known.entries.filter { it.value == own }.mapNotNull { it.key })
        val first = known[answer.top].takeIf { !answer.abstained }
        val probability = answer.of(answer.top)
        val byHead = first.takeIf { probability >= settings.threshold }
        val chosen = byHead ?: if (settings.method == ModalitySettings.Method.HYBRID) unsure(first, probability, facts) else null
        val matched = chosen == own
        val confidence = if (chosen == first) value else WORDS_ALONE
        val found = if (matched) listOf(own.name) else emptyList()
        return Reading.Seen(matched, if (matched) confidence else 0.0, value, found, mapOf(ABSTAIN to flag(answer.abstained)))
    }

    private fun unsure(first: Modality?, probability: Double, facts: Facts): Modality {
        val isLikely = probability >= settings.threshold * settings.lowerThresholdRatio
        return first?.takeIf { isLikely } ?: keywords.read(facts.words)
    }

    private companion object {
        const val WORDS_ALONE = 0.5
    }
}
