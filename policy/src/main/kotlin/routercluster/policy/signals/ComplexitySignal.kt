package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.PrototypeScoring
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.complexityBankFormat
import routercluster.policy.config.format.readInactive
import routercluster.policy.config.raw.RawRule
import routercluster.policy.config.raw.readRule
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import kotlin.math.abs

internal enum class ComplexityMethod { CONTRASTIVE, CLASSIFIER }

/**
 * A rule of `routing.signals.complexity` as written.
 *
 * @property method null where the one written is unknown
 */
internal class RawComplexity(
    rule: LearnedRule,
    private val method: ComplexityMethod?,
    private val threshold: Double,
    private val hard: RawBank,
    private val easy: RawBank,
    override val composer: RawRule?,
) : RawLearned(rule),
    Composed {
    override fun prove(catalog: Catalog, problems: Problems): Signal? =
        when (method) {
            ComplexityMethod.CONTRASTIVE -> compared(catalog, problems)
            ComplexityMethod.CLASSIFIER -> classified(catalog, problems)
            null -> null
        }

    private fun compared(catalog: Catalog, problems: Problems): Signal? {
        val usable = listOf(hard, easy).map { areExemplars(it.texts, it.at, problems) }.all { it }
        val head = catalog.headFor(Slot.EMBEDDING, at, problems)
        if (head == null || !usable) return null
        val terms = rule.terms("complexity", catalog, listOf(head))
        val exemplars = ComplexityExemplars(hard.texts.map { it.value }, easy.texts.map { it.value }, catalog.modules.complexity)
        return ComparedComplexity(terms, ComplexityLevels(threshold), VectorHead(head, catalog.embedding.shape), exemplars)
    }

    private fun classified(catalog: Catalog, problems: Problems): Signal? {
        listOf(hard, easy).filter { it.texts.isNotEmpty() }.forEach { problems.add(it.at, "does not go with method classifier") }
        val head = catalog.headFor(Slot.COMPLEXITY, at, problems)?.let(::LabelHead) ?: return null
        val names = listOf("hard", "easy")
        val (hard, easy) = names.map { head.labelOf(it) }
        names.filter { head.labelOf(it) == null }.forEach { missingLabel(at, head, it, problems) }
        if (hard == null || easy == null) return null
        val terms = rule.terms("complexity", catalog, listOf(head.named))
        return ClassifiedComplexity(terms, ComplexityLevels(threshold), head, hard, easy)
    }

    companion object {
        private const val THRESHOLD_DEFAULT = 0.1
        private val methods = ComplexityMethod.entries.associateBy { it.name.lowercase() }

        fun read(section: Section): RawComplexity {
            val method = section.oneOf("method", methods)
            return RawComplexity(
                LearnedRule.read(section),
                if (section.has("method")) method else ComplexityMethod.CONTRASTIVE,
                section.double("threshold", 0.0..1.0) ?: THRESHOLD_DEFAULT,
                readBank(section, "hard"),
                readBank(section, "easy"),
                section.section("composer")?.let { readRule(it, depth = 1) },
            ).also { section.close() }
        }

        private fun readBank(section: Section, key: String): RawBank {
            val bank = section.section(key) ?: return RawBank(emptyList(), section.at(key))
            bank.readInactive(complexityBankFormat)
            return RawBank(bank.texts("candidates"), bank.at("candidates"))
        }
    }
}

/** @property at where its texts stand */
internal class RawBank(val texts: List<Text>, val at: Location)

/** @property texts hard ones first */
internal class ComplexityExemplars(val hard: List<String>, val easy: List<String>, val scoring: PrototypeScoring) {
    val texts: List<String> get() = hard + easy
}

/** Makes a level of a margin, -1..1: above [threshold] hard, below its negative easy, else medium. */
internal class ComplexityLevels(val threshold: Double) {
    /**
     * Matches as a whole where the text is hard. Confidence of a level: how far inside its bounds the margin lies, by
     * [edgeConfidence].
     */
    fun read(margin: Double, abstained: Boolean): Reading.Seen {
        val level =
            when {
                margin > threshold -> HARD
                margin < -threshold -> EASY
                else -> MEDIUM
            }
        val confidence = edgeConfidence(abs(abs(margin) - threshold))
        val levels = listOf(EASY, MEDIUM, HARD).associateWith { if (it == level && !abstained) Reading.Seen(true, confidence) else nothing }
        val isHard = level == HARD && !abstained
        val parts = levels + (ABSTAIN to flag(abstained))
        return Reading.Seen(isHard, if (isHard) confidence else 0.0, margin, if (abstained) emptyList() else listOf(level), parts)
    }

    companion object {
        private const val EASY = "easy"
        private const val MEDIUM = "medium"
        private const val HARD = "hard"

        val labels = listOf(EASY, MEDIUM, HARD, ABSTAIN).associateWith { LabelKind.FLAG }
    }
}

/**
 * Tells how hard the newest user message is by what it is like: the value is its score against the hard exemplars less that
 * against the easy ones, -2..2 though seldom beyond 0.5.
 *
 * @property banks the hard one and the easy one, once embedded
 */
internal class ComparedComplexity(
    terms: Terms,
    private val levels: ComplexityLevels,
    private val head: VectorHead,
    private val known: ComplexityExemplars,
    private val banks: List<PrototypeBank>? = null,
) : HeadSignal(terms) {
    override val labels = ComplexityLevels.labels
    override val conditionNeeds = ConditionNeeds.LABEL_OR_PREDICATE

    override val exemplars = head.exemplars(known.texts)

    override fun prepared(vectors: List<FloatArray>): LearnedSignal =
        ComparedComplexity(terms, levels, head, known, banksOf(listOf(known.hard.size, known.easy.size), vectors, known.scoring))

    override fun passages(facts: Facts): List<Passage> =
        if (facts.userText.isBlank()) emptyList() else listOf(head.passage(facts.userText))

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { vectors ->
            val query = vectors.firstOrNull()
            when {
                query == null -> nothing
                banks == null -> NOT_PREPARED
                else -> levels.read(banks[0].score(query) - banks[1].score(query), abstained = false)
            }
        }
}

/**
 * Tells how hard the newest user message is by a trained head: the value is the probability of its label [hard] less that of
 * [easy], -1..1.
 */
internal class ClassifiedComplexity(
    terms: Terms,
    private val levels: ComplexityLevels,
    private val head: LabelHead,
    private val hard: String,
    private val easy: String,
) : HeadSignal(terms) {
    /** Of two labels, the first choice leads by what it has above a half, twice. */
    override val thresholds: List<HeadThreshold>
        get() {
            val lead = if (head.labels.size == 2) maxOf(0.0, 2.0 * head.firstChoiceFrom - 1.0) else 0.0
            val below = "leaves no text medium: the head abstains first"
            return listOf(HeadThreshold(levels.threshold, listOf("threshold"), lead, mostNever = true, below = below, beyond = true))
        }

    override fun rangeOf(label: String?) = (-1.0..1.0).takeIf { label == null }

    override val labels = ComplexityLevels.labels
    override val conditionNeeds = ConditionNeeds.LABEL_OR_PREDICATE

    override fun passages(facts: Facts): List<Passage> = aloneOf(facts, head)

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { all -> all.firstOrNull()?.let { levels.read(it.of(hard) - it.of(easy), it.abstained) } ?: nothing }
}
