package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.KnowledgeBase
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Location
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.nearestName
import routercluster.policy.config.raw.KB_METRIC
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts

/** [BEST] wants the target to hold the best label of all; [THRESHOLD] only wants one of its labels to hold. */
internal enum class KnowledgeMatch { BEST, THRESHOLD }

/** Whether a target names a label or a group of them. */
internal enum class TargetKind { LABEL, GROUP }

/**
 * A rule of `routing.signals.kb` as written.
 *
 * @property kind null where none is written or the one written is unknown
 * @property match null where the one written is unknown
 */
internal class RawKnowledge(
    rule: LearnedRule,
    override val knowledgeBase: Text?,
    private val kind: TargetKind?,
    private val target: Text?,
    private val match: KnowledgeMatch?,
) : RawLearned(rule),
    NamesKnowledgeBase {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val known = knowledgeBase?.let { foundBase(it, catalog, problems) }
        val head = catalog.headFor(Slot.EMBEDDING, at, problems)
        val labels = known?.let { labels(it, problems) }
        if (known == null || head == null || labels == null || match == null) return null
        val terms = rule.terms("kb", catalog, listOf(head))
        return KnowledgeBaseSignal(terms, VectorHead(head, catalog.embedding.shape), known, labels, match)
    }

    private fun labels(known: KnowledgeBase, problems: Problems): Set<String>? {
        val kind = kind ?: return null
        val target = target ?: return null
        return when (kind) {
            TargetKind.LABEL -> {
                val labels = known.labels.keys.associateWith { setOf(it) }
                found(target, labels, "unknown label of the knowledge base ${known.name}", problems)
            }

            TargetKind.GROUP -> {
                val groups = known.groups.mapValues { it.value.toSet() }
                found(target, groups, "unknown group of the knowledge base ${known.name}", problems)
            }
        }
    }

    companion object {
        private val matches = KnowledgeMatch.entries.associateBy { it.name.lowercase() }
        private val kinds = TargetKind.entries.associateBy { it.name.lowercase() }

        fun read(section: Section): RawKnowledge {
            val target = section.requiredSection("target")
            val match = section.oneOf("match", matches)
            return RawKnowledge(
                LearnedRule.read(section),
                section.requiredText("kb"),
                target?.requiredOneOf("kind", kinds),
                target?.requiredText("value"),
                if (section.has("match")) match else KnowledgeMatch.BEST,
            ).also { section.close() }
        }
    }
}

/** A knowledge base that only scores look at, for its metrics. */
internal class RawMetricSource(override val knowledgeBase: Text) : RawSignal, NamesKnowledgeBase {
    override val name: String get() = knowledgeBase.value
    override val at: Location get() = knowledgeBase.at

    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val known = foundBase(knowledgeBase, catalog, problems)
        val head = catalog.headFor(Slot.EMBEDDING, at, problems)
        if (known == null || head == null) return null
        val rule = LearnedRule(name, at, description = null, timeout = null, onError = null)
        val terms = rule.terms(KB_METRIC, catalog, listOf(head))
        return KnowledgeBaseSignal(terms, VectorHead(head, catalog.embedding.shape), known, known.labels.keys, KnowledgeMatch.BEST)
    }
}

private fun foundBase(name: Text, catalog: Catalog, problems: Problems): KnowledgeBase? =
    found(name, catalog.knowledgeBases, "unknown knowledge base", problems)

private fun <E> found(name: Text, table: Map<String, E>, what: String, problems: Problems): E? {
    val accepted = table.keys.joinToString(", ").ifEmpty { "none is defined" }
    if (name.value !in table) problems.add(name.at, what, name.value, accepted, nearestName(name.value, table.keys))
    return table[name.value]
}

/**
 * Compares the newest user message with the exemplars of a knowledge base. A label holds from its threshold on; the target, a
 * label or a group of them, matches where one of its labels holds, and for [KnowledgeMatch.BEST] only where that one scores best
 * of all. Value: the best score of [target]'s labels, by [PrototypeBank]; confidence of a match: the score in 0..1, not calibrated.
 *
 * Labels, all over the whole knowledge base: `best_score`; `best_matched_score`, of the labels that hold, 0 where none does; every
 * metric of the base by its name.
 *
 * @property banks one per label of the base, once embedded
 */
internal class KnowledgeBaseSignal(
    terms: Terms,
    private val head: VectorHead,
    private val base: KnowledgeBase,
    private val target: Set<String>,
    private val match: KnowledgeMatch,
    private val banks: Map<String, PrototypeBank>? = null,
) : HeadSignal(terms) {
    override val labels = (listOf(BEST_SCORE, BEST_MATCHED_SCORE) + base.metrics.map { it.name }).associateWith { LabelKind.NUMBER }

    override val exemplars = head.exemplars(base.labels.values.flatten())

    override fun prepared(vectors: List<FloatArray>): LearnedSignal {
        val banks = base.labels.keys.zip(banksOf(base.labels.values.map { it.size }, vectors, base.prototypes))
        return KnowledgeBaseSignal(terms, head, base, target, match, banks.toMap())
    }

    override fun passages(facts: Facts): List<Passage> =
        if (facts.userText.isBlank()) emptyList() else listOf(head.passage(facts.userText))

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { vectors ->
            val query = vectors.firstOrNull()
            when {
                query == null -> nothing
                banks == null -> NOT_PREPARED
                else -> judge(banks.mapValues { it.value.score(query) })
            }
        }

    private fun judge(scores: Map<String, Double>): Reading {
        val holding = scores.filter { (label, score) -> score >= base.thresholdOf(label) }
        val best = holding.maxByOrNull { it.value }
        val matching =
            when (match) {
                KnowledgeMatch.THRESHOLD -> holding.keys.filter { it in target }
                KnowledgeMatch.BEST -> listOfNotNull(best?.key).filter { it in target }
            }
        val value = bestOf(target, scores)
        val numbers = mapOf(BEST_SCORE to scores.values.max(), BEST_MATCHED_SCORE to (best?.value ?: 0.0)) + metrics(scores)
        val confidence = if (matching.isEmpty()) 0.0 else value.coerceIn(0.0, 1.0)
        val found = matching.sortedByDescending(scores::getValue)
        return Reading.Seen(matching.isNotEmpty(), confidence, value, found, numbers.mapValues { measured(it.value) })
    }

    private fun metrics(scores: Map<String, Double>): Map<String, Double> =
        base.metrics.associate {
            val positive = base.groups.getValue(it.positiveGroup)
            it.name to bestOf(positive, scores) - bestOf(base.groups.getValue(it.negativeGroup), scores)
        }

    private fun bestOf(labels: Collection<String>, scores: Map<String, Double>): Double = labels.maxOf(scores::getValue)

    private companion object {
        const val BEST_SCORE = "best_score"
        const val BEST_MATCHED_SCORE = "best_matched_score"
    }
}
