package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.EmbeddingSettings
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.format.imageModalities
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/** A rule of `routing.signals.embeddings` as written. */
internal class RawEmbedding(
    rule: LearnedRule,
    private val threshold: Double?,
    private val thresholdAt: Location,
    private val candidates: List<Text>,
    private val candidatesAt: Location,
    private val aggregation: Aggregation,
    private val isOverText: Boolean,
) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        if (threshold == null) problems.add(thresholdAt, "is required", accepted = "a similarity from -1 to 1")
        val usable = areExemplars(candidates, candidatesAt, problems)
        if (!isOverText) return rule.unreadable("embedding", "images and sounds are not read yet")
        val head = catalog.headFor(Slot.EMBEDDING, at, problems)
        if (head == null || threshold == null || !usable) return null
        val embeddingRule = EmbeddingRule(name, candidates.map { it.value }, threshold, aggregation)
        val terms = rule.terms("embedding", catalog, listOf(head))
        return EmbeddingSignal(terms, VectorHead(head, catalog.embedding.shape), catalog.embedding, listOf(embeddingRule))
    }

    companion object {
        private val aggregations = Aggregation.entries.associateBy { it.name.lowercase() }
        private val modalities = imageModalities + ("text" to null)

        fun read(section: Section): RawEmbedding {
            val unread = section.oneOf("query_modality", modalities)
            unread?.let { section.problems.inactive(it, section.at("query_modality")) }
            return RawEmbedding(
                LearnedRule.read(section),
                section.double("threshold", -1.0..1.0),
                section.at("threshold"),
                section.texts("candidates"),
                section.at("candidates"),
                section.oneOf("aggregation_method", aggregations) ?: Aggregation.MAX,
                isOverText = unread == null,
            ).also { section.close() }
        }
    }
}

/** @property threshold score from which the rule holds by itself */
internal class EmbeddingRule(val name: String, val candidates: List<String>, val threshold: Double, val aggregation: Aggregation)

/**
 * Compares the newest user message with a rule's candidates. Value: the score, -1..1, of [PrototypeBank]. Confidence of a match:
 * the score in 0..1, which is not calibrated.
 *
 * Every rule that reaches its threshold matches, however many there are: rules have nothing to do with one another, and the
 * seed's keeping one of them let no two hold at once. Where none does, soft matching takes the best of those that reach
 * [EmbeddingSettings.minScore]. A policy that writes `top_k` gets what it asks for: only so many of the best, hard or soft.
 *
 * @property rules of the recipe, this one among them
 * @property banks one per rule, once embedded
 */
internal class EmbeddingSignal(
    terms: Terms,
    private val head: VectorHead,
    private val settings: EmbeddingSettings,
    private val rules: List<EmbeddingRule>,
    private val banks: List<PrototypeBank>? = null,
) : HeadSignal(terms) {
    private val own = rules.indexOfFirst { it.name == ref.name }

    /** That of this rule, once embedded. */
    val bank: PrototypeBank? get() = banks?.get(own)

    override val exemplars = head.exemplars(rules.flatMap { it.candidates })

    override fun among(peers: List<LearnedSignal>): LearnedSignal {
        val sideBySide = settings.softMatching || settings.topK != null
        val all = peers.filterIsInstance<EmbeddingSignal>().flatMap { it.rules }.distinctBy { it.name }
        return if (sideBySide) EmbeddingSignal(terms, head, settings, all) else this
    }

    override fun prepared(vectors: List<FloatArray>): LearnedSignal =
        EmbeddingSignal(terms, head, settings, rules, banksOf(rules.map { it.candidates.size }, vectors, settings.prototypes))

    override fun passages(facts: Facts): List<Passage> =
        if (facts.userText.isBlank()) emptyList() else listOf(head.passage(facts.userText))

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { vectors ->
            val query = vectors.firstOrNull()
            when {
                query == null -> nothing
                banks == null -> NOT_PREPARED
                else -> judge(banks.mapIndexed { index, bank -> bank.score(query, rules[index].aggregation) })
            }
        }

    private fun judge(scores: List<Double>): Reading {
        val ranked = scores.indices.sortedByDescending { scores[it] }
        val hard = ranked.filter { scores[it] >= rules[it].threshold }
        val soft = ranked.filter { settings.softMatching && hard.isEmpty() && scores[it] >= settings.minScore }
        val holding = hard.take(settings.topK ?: hard.size) + soft.take(settings.topK ?: 1)
        val score = scores[own]
        if (own !in holding) return Reading.Seen(false, 0.0, score)
        return Reading.Seen(true, score.coerceIn(0.0, 1.0), score, if (own in soft) listOf("soft") else emptyList())
    }
}

/** A signal that compares with exemplars, read before they were embedded. */
internal val NOT_PREPARED = Reading.Failed("its exemplars are not embedded yet")
