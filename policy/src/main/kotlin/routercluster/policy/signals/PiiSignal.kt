package routercluster.policy.signals

import routercluster.policy.catalog.Catalog
import routercluster.policy.catalog.NamedHead
import routercluster.policy.catalog.Slot
import routercluster.policy.config.Problems
import routercluster.policy.config.Section
import routercluster.policy.config.Text
import routercluster.policy.config.nearestName
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.Piece
import routercluster.policy.encode.Span
import routercluster.policy.request.Facts

/** A rule of `routing.signals.pii` as written. */
internal class RawPii(
    rule: LearnedRule,
    private val threshold: Double?,
    private val history: Boolean,
    private val allowed: List<Text>,
) : RawLearned(rule) {
    override fun prove(catalog: Catalog, problems: Problems): Signal? {
        val head = catalog.headFor(Slot.PII, at, problems) ?: return null
        val types = entityTypes(head)
        val unknown = allowed.filter { it.value !in types }
        unknown.forEach {
            val what = "unknown entity type of the head ${head.ref}"
            problems.add(it.at, what, it.value, types.joinToString(", "), nearestName(it.value, types))
        }
        if (unknown.isNotEmpty()) return null
        val terms = rule.terms("pii", catalog, listOf(head), OnError.BLOCK)
        val threshold = threshold ?: catalog.modules.pii.threshold
        return PiiSignal(terms, head, types - allowed.map { it.value }.toSet(), threshold, history)
    }

    companion object {
        fun read(section: Section) =
            RawPii(
                LearnedRule.read(section),
                section.double("threshold", 0.0..1.0),
                section.boolean("include_history") ?: false,
                section.texts("pii_types_allowed"),
            ).also { section.close() }
    }
}

/** What the head tells apart. It may name a type once, or apart for a span's first token and the rest. */
internal fun entityTypes(head: NamedHead): Set<String> =
    head.head.labels
        .map { it.removePrefix("B-").removePrefix("I-") }
        .toSet() - NO_ENTITY

private val NO_ENTITY = setOf("O", "NO_PII")

/**
 * Spans of one of [types] with [threshold] or more in the [pieces] of a text, by places in that text; what two pieces share counts
 * once. Spans of one type do not overlap, and come in the order of the text.
 */
internal fun entitiesIn(pieces: List<Piece>, answers: List<HeadResult.Spans>, types: Set<String>, threshold: Double): List<Span> {
    val all =
        pieces.zip(answers).flatMap { (piece, answer) ->
            answer.spans.filter { it.label in types && decimal(it.confidence) >= threshold }.map {
                it.copy(start = it.start + piece.offset, end = it.end + piece.offset)
            }
        }
    return all.groupBy { it.label }.values.flatMap(::apart)
}

private fun apart(spans: List<Span>): List<Span> {
    val merged = mutableListOf<Span>()
    for (span in spans.sortedBy { it.start }) {
        val last = merged.lastOrNull()
        if (last == null || span.start >= last.end) {
            merged += span
        } else {
            merged[merged.lastIndex] = last.copy(end = maxOf(last.end, span.end), confidence = maxOf(last.confidence, span.confidence))
        }
    }
    return merged
}

/**
 * Finds personal data in the newest user message, or with [history] in any message: spans of one of [types] with [threshold] or
 * more. The value is how many there are, the confidence the greatest of theirs. Labels: every type of [types], with its own
 * count; found are the types alone, never a span's text.
 *
 * It fails closed: unless something was found, a head that failed or a text that was not read to its end is a failure, and that
 * refuses the request by default.
 *
 * @property types those that the rule does not allow
 */
internal class PiiSignal(
    terms: Terms,
    private val head: NamedHead,
    private val types: Set<String>,
    private val threshold: Double,
    private val history: Boolean,
) : HeadSignal(terms) {
    override val labels = types.associateWith { LabelKind.FLAG }

    /** Exact recognisers are certain of what they find, so there is no threshold that nothing reaches. */
    override val thresholds: List<HeadThreshold>
        get() = listOf(HeadThreshold(threshold, listOf("threshold", ModuleKeys.PII), head.head.answersFrom, mostNever = false))

    override fun passages(facts: Facts): List<Passage> = texts(facts).flatten().map { Passage(it.text, setOf(head.ref)) }

    override fun read(facts: Facts, results: List<PassageResult>): Reading {
        val texts = texts(facts)
        val expected = texts.sumOf { it.size }
        if (results.size != expected) return Reading.Failed("${results.size} results for $expected passages")
        return readAnswers<HeadResult.Spans>(results, head.ref) { answers ->
            val ends = texts.runningFold(0) { count, pieces -> count + pieces.size }
            val entities = texts.flatMapIndexed { index, pieces ->
                entitiesIn(pieces, answers.subList(ends[index], ends[index + 1]), types, threshold)
            }
            val unread = unread(results)
            if (entities.isEmpty() && unread != null) Reading.Failed(unread) else judge(entities)
        }
    }

    private fun texts(facts: Facts): List<List<Piece>> = guardedTexts(facts, history).map(::guardPieces)

    private fun judge(entities: List<Span>): Reading {
        val byType = entities.groupBy { it.label }
        val parts = types.associateWith { type -> ofType(byType[type].orEmpty()) }
        val whole = ofType(entities)
        return whole.copy(found = byType.keys.sorted(), labels = parts)
    }

    private fun ofType(entities: List<Span>): Reading.Seen {
        val confidence = entities.maxOfOrNull { decimal(it.confidence) } ?: 0.0
        return Reading.Seen(entities.isNotEmpty(), confidence, entities.size.toDouble())
    }
}
