package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.request.Facts
import routercluster.policy.request.Role

/** A rule of `routing.signals.reasks` as written. */
internal class RawReask(rule: LearnedRule, private val threshold: Double, private val lookback: Int) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val head = catalog.headFor(Slot.EMBEDDING, at, problems) ?: return null
        val terms = rule.terms("reask", catalog, listOf(head))
        return ReaskSignal(terms, VectorHead(head, catalog.embedding.shape), listOf(ReaskRule(name, threshold, lookback)))
    }

    companion object {
        private const val THRESHOLD_DEFAULT = 0.8
        private const val LOOKBACK_MAX = 16

        fun read(section: Section) =
            RawReask(
                LearnedRule.read(section),
                section.double("threshold", -1.0..1.0) ?: THRESHOLD_DEFAULT,
                section.int("lookback_turns", 1..LOOKBACK_MAX) ?: 1,
            ).also { section.close() }
    }
}

/** @property lookback earlier user messages that the newest must be like, each of them */
internal class ReaskRule(val name: String, val threshold: Double, val lookback: Int)

/**
 * Tells whether the user asks once more what was asked before: the newest user message is like each of the
 * [ReaskRule.lookback] user messages before it. Of the rules that hold only those that look back furthest match, so that a user
 * who asks for the third time is not also one who asks for the second. Confidence and value: the least of these similarities.
 *
 * @property rules of the recipe, this one among them
 */
internal class ReaskSignal(terms: Terms, private val head: VectorHead, private val rules: List<ReaskRule>) : HeadSignal(terms) {
    private val own = rules.first { it.name == ref.name }
    private val lookbackMax = rules.maxOf { it.lookback }

    override fun among(peers: List<LearnedSignal>): LearnedSignal =
        ReaskSignal(terms, head, peers.filterIsInstance<ReaskSignal>().flatMap { it.rules }.distinctBy { it.name })

    override fun passages(facts: Facts): List<Passage> {
        val asked = facts.messages
            .asReversed()
            .filter { it.role == Role.USER }
            .map { it.text }
        // A message without text, such as an image alone, ends the streak.
        val streak = asked.takeWhile { it.isNotBlank() }.take(lookbackMax + 1)
        return if (streak.size < 2) emptyList() else streak.map(head::passage)
    }

    override fun read(facts: Facts, results: List<PassageResult>): Reading =
        head.read(results) { vectors -> if (vectors.size < 2) nothing else judge(vectors.drop(1).map { cosine(vectors[0], it) }) }

    /** @param similarities to the message before, the one before that, and so on */
    private fun judge(similarities: List<Double>): Reading {
        val furthest = rules.filter { holds(it, similarities) }.maxOfOrNull { it.lookback }
        if (similarities.size < own.lookback) return nothing
        val least = similarities.take(own.lookback).min()
        val matched = holds(own, similarities) && own.lookback == furthest
        return Reading.Seen(matched, if (matched) least.coerceIn(0.0, 1.0) else 0.0, least)
    }

    private fun holds(rule: ReaskRule, similarities: List<Double>): Boolean =
        similarities.size >= rule.lookback && similarities.take(rule.lookback).all { it >= rule.threshold }
}
