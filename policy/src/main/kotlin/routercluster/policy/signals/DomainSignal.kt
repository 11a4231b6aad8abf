package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.DomainSettings
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import kotlin.math.ln

/**
 * A rule of `routing.signals.domains` as written. Its `model_scores` are checked and then told of as without effect: they rank
 * candidates for selectors that this version does not have.
 *
 * @property categories labels of the domain head; the rule's name where none is written
 */
internal class RawDomain(rule: LearnedRule, private val categories: List<Text>, private val scores: List<Text>) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        scores.forEach { problems.notice(it.at, "has no effect: candidates keep the order that their decision gives them", it.value) }
        val head = catalog.headFor(Slot.DOMAIN, at, problems)?.let(::LabelHead) ?: return null
        val labels = categories.map { category -> head.labels.firstOrNull { isSameLabel(it, category.value) } }
        categories.zip(labels).filter { it.second == null }.forEach { (category, _) -> unknownLabel(category, head.named, problems) }
        if (null in labels) return null
        val settings = catalog.modules.domain
        return DomainSignal(rule.terms("domain", catalog, listOf(head.named)), head, labels.filterNotNull().toSet(), settings)
    }

    companion object {
        fun read(section: Section): RawDomain {
            val rule = LearnedRule.read(section)
            val categories = section.texts("mmlu_categories").ifEmpty { listOf(Text(rule.name, section.at("name"))) }
            return RawDomain(rule, categories, section.sections("model_scores").mapNotNull(::readScore)).also { section.close() }
        }

        private fun readScore(section: Section): Text? {
            if (!section.has("score")) section.problems.add(section.at("score"), "is required", accepted = "a number from 0 to 1")
            section.double("score", 0.0..1.0)
            section.boolean("use_reasoning")
            return section.requiredText("model")
        }
    }
}

/**
 * Tells whether the newest user message is about one of [categories], labels of the domain head. Confidence and value: the
 * probability of these together, 0..1.
 *
 * It matches from [DomainSettings.threshold] on. Where the head is sure, that is below [SURE_ENTROPY], its first choice must be
 * among the categories, so that a low threshold does not let in the also-rans of a plain case. Where no single label reaches the
 * threshold, the fallback category counts as found. A head that abstains finds nothing.
 *
 * Labels: `entropy` in nats, `normalised_entropy` 0..1, `abstain`.
 */
internal class DomainSignal(
    terms: Terms,
    private val head: LabelHead,
    val categories: Set<String>,
    private val settings: DomainSettings,
) : HeadSignal(terms) {
    private val hasFallback = categories.any { isSameLabel(it, settings.fallback) }

    override val thresholds: List<HeadThreshold>
        get() =
            listOf(
                HeadThreshold(
                    settings.threshold,
                    listOf(ModuleKeys.DOMAIN),
                    least = if (hasFallback) head.firstChoiceFrom else 0.0,
                    mostNever = head.staysBelowOne,
                    below = if (hasFallback) "never lets ${settings.fallback} stand in for a text without a topic" else "is always reached",
                    isSame = false,
                ),
            )

    override val labels =
        mapOf("entropy" to LabelKind.NUMBER, "normalised_entropy" to LabelKind.NUMBER, ABSTAIN to LabelKind.FLAG)

    override fun rangeOf(label: String?): ClosedFloatingPointRange<Double>? =
        when (label) {
            null, "normalised_entropy" -> unitRange
            "entropy" -> 0.0..ln(maxOf(head.labels.size, 1).toDouble())
            else -> null
        }

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let(::judge) ?: nothing }

    private fun judge(domains: Distribution): Reading {
        val mass = domains.of(categories)
        val sure = domains.normalisedEntropy < SURE_ENTROPY
        val found = mass >= settings.threshold && (!sure || domains.top in categories)
        val unclear = head.labels.none { domains.of(it) >= settings.threshold }
        val matched = !domains.abstained && (found || (hasFallback && unclear))
        val parts =
            mapOf(
                "entropy" to measured(domains.entropy),
                "normalised_entropy" to measured(domains.normalisedEntropy),
                ABSTAIN to flag(domains.abstained),
            )
        val leading = categories.filter { domains.of(it) > 0.0 }.sortedByDescending(domains::of)
        return Reading.Seen(matched, if (matched) mass else 0.0, mass, if (matched) leading else emptyList(), parts)
    }

    internal companion object {
        /** Normalised entropy below which a head counts as sure: the upper bound of the seed's band `low`. */
        const val SURE_ENTROPY = 0.4
    }
}
