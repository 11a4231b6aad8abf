package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.ExternalModel
import routercluster.policy.catalog.PrototypeScoring
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/** A rule of `routing.signals.preferences` as written: what users want is told by a [LearnedRule.description] and examples. */
internal class RawPreference(
    rule: LearnedRule,
    private val examples: List<Text>,
    private val descriptionAt: Location,
    private val threshold: Double,
) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val described = listOfNotNull(rule.description?.takeIf { it.isNotBlank() }?.let { Text(it, descriptionAt) }) + examples
        if (!areExemplars(described, at, problems)) return null
        val preference = PreferenceRule(name, described.map { it.value }, threshold)
        if (!catalog.modules.preference.contrastive) return asked(catalog, preference, problems)
        val head = catalog.headFor(Slot.PREFERENCE, at, problems) ?: return null
        val shape = catalog.embedding.shape
        val terms = rule.terms("preference", catalog, listOf(head))
        return PreferenceSignal(terms, VectorHead(head, shape), catalog.modules.preference.prototypes, listOf(preference))
    }

    private fun asked(catalog: Catalog, preference: PreferenceRule, problems: Problems): Signal? {
        val external = catalog.externals.values.firstOrNull { it.role == ExternalModel.Role.PREFERENCE }
        if (external == null) problems.add(at, "needs an external model of role preference, as use_contrastive is false")
        if (external == null) return null
        val asks = catalog.headOf(external, "preference")
        val head = AskedPreferenceSignal.question(asks, listOf(preference)).named()
        return AskedPreferenceSignal(rule.terms("preference", catalog, listOf(head)), asks, listOf(preference))
    }

    companion object {
        private const val THRESHOLD_DEFAULT = 0.5

        fun read(section: Section) =
            RawPreference(
                LearnedRule.read(section),
                section.texts("examples"),
                section.at("description"),
                section.double("threshold", 0.0..1.0) ?: THRESHOLD_DEFAULT,
            ).also { section.close() }
    }
}

/** @property examples never empty */
internal class PreferenceRule(val name: String, val examples: List<String>, val threshold: Double)

/**
 * Compares the newest user message with the preferences of all rules; at most one matches: the best, if it reaches its threshold
 * and leads the second by [PrototypeScoring.marginThreshold]. Value: the rule's own score by [PrototypeBank]; confidence of a
 * match: the score in 0..1, not calibrated. Label: `margin`, by how much the rule leads the best of the others, below 0 where it
 * does not; its own score where it is the only one.
 *
 * @property rules of the recipe, this one among them
 * @property banks one per rule, once embedded
 */
internal class PreferenceSignal(
    terms: Terms,
    private val head: VectorHead,
    private val scoring: PrototypeScoring,
    private val rules: List<PreferenceRule>,
    private val banks: List<PrototypeBank>? = null,
) : HeadSignal(terms) {
    private val own = rules.indexOfFirst { it.name == ref.name }

    override val labels = mapOf("margin" to LabelKind.NUMBER)

    override val exemplars = head.exemplars(rules.flatMap { it.examples })

    override fun among(peers: List<LearnedSignal>): LearnedSignal {
        val all = peers.filterIsInstance<PreferenceSignal>().flatMap { it.rules }.distinctBy { it.name }
        return PreferenceSignal(terms, head, scoring, all)
    }

    override fun prepared(vectors: List<FloatArray>): LearnedSignal =
        PreferenceSignal(terms, head, scoring, rules, banksOf(rules.map { it.examples.size }, vectors, scoring))

    override fun passages(facts: Facts): List<Passage> =
        if (facts.userText.isBlank()) emptyList() else listOf(head.passage(facts.userText))

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { vectors ->
            val query = vectors.firstOrNull()
            when {
                query == null -> nothing
                banks == null -> NOT_PREPARED
                else -> judge(banks.map { it.score(query) })
            }
        }

    private fun judge(scores: List<Double>): Reading {
        val score = scores[own]
        val rival = scores.filterIndexed { index, _ -> index != own }.maxOrNull() ?: 0.0
        val margin = score - rival
        val isBest = scores.indices.maxBy { scores[it] } == own
        val matched = isBest && score >= rules[own].threshold && margin >= scoring.marginThreshold
        val parts = mapOf("margin" to measured(margin))
        return Reading.Seen(matched, if (matched) score.coerceIn(0.0, 1.0) else 0.0, score, labels = parts)
    }
}

/**
 * Asks an external model which of the recipe's preferences the newest user message shows. Matches where the model names this one
 * with its threshold or more. Confidence and value: the model's probability.
 *
 * @property asks the head that the model is made into
 */
internal class AskedPreferenceSignal(terms: Terms, private val asks: HeadRef, private val rules: List<PreferenceRule>) :
    HeadSignal(terms) {
    private val own = rules.first { it.name == ref.name }

    override val question = question(asks, rules)
    private val head = LabelHead(question.named())

    override val labels = mapOf(ABSTAIN to LabelKind.FLAG)

    override fun among(peers: List<LearnedSignal>): LearnedSignal =
        AskedPreferenceSignal(terms, asks, peers.filterIsInstance<AskedPreferenceSignal>().flatMap { it.rules }.distinctBy { it.name })

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let(::judge) ?: nothing }

    private fun judge(answer: Distribution): Reading {
        val probability = answer.of(own.name)
        val matched = !answer.abstained && answer.top == own.name && probability >= own.threshold
        return Reading.Seen(matched, if (matched) probability else 0.0, probability, labels = mapOf(ABSTAIN to flag(answer.abstained)))
    }

    internal companion object {
        private val noneOfThem = LabelQuestion.Choice("none of these")

        fun question(asks: HeadRef, rules: List<PreferenceRule>): LabelQuestion {
            val choices = rules.map { LabelQuestion.Choice(it.name, it.examples.joinToString("; ")) }
            return LabelQuestion(asks, choices + noneOfThem)
        }
    }
}
