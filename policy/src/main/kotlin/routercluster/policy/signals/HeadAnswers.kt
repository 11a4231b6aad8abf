package routercluster.policy.signals

import routercluster.policy.catalog.NamedHead
import routercluster.policy.encode.HeadRef
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.LabelQuestion
import routercluster.policy.encode.Passage
import routercluster.policy.encode.PassageResult
import routercluster.policy.encode.VectorShape
import routercluster.policy.request.Facts
import kotlin.math.ln

/**
 * Calls [read] with what [head] answered to each of [results], or fails where one answer is missing, failed, or of another kind.
 */
internal inline fun <reified T : HeadResult> readAnswers(
    results: List<PassageResult>,
    head: HeadRef,
    read: (List<T>) -> Reading,
): Reading {
    val answers = results.map { it.heads[head] }
    val failed = answers.firstNotNullOfOrNull { it as? HeadResult.Failed }
    return when {
        failed != null -> Reading.Failed("$head failed: ${failed.reason}")
        answers.any { it !is T } -> Reading.Failed("$head gave no answer of its kind")
        else -> read(answers.filterIsInstance<T>())
    }
}

/** A head that tells labels apart. */
internal class LabelHead(val named: NamedHead) {
    val ref: HeadRef get() = named.ref
    val labels: List<String> get() = named.head.labels

    fun passage(text: String) = Passage(text, setOf(ref))

    /** Its label that one of [names] is a name of. */
    fun labelOf(vararg names: String): String? = labels.firstOrNull { label -> names.any { isSameLabel(it, label) } }

    /** Calls [read] with a distribution per result, or fails. */
    fun read(results: List<PassageResult>, read: (List<Distribution>) -> Reading): Reading =
        readAnswers<HeadResult.Labels>(results, ref) { answers ->
            if (answers.any { it.probabilities.size != labels.size }) {
                Reading.Failed("$ref gave ${answers.map { it.probabilities.size }} probabilities for ${labels.size} labels")
            } else {
                read(answers.map { Distribution(labels, it.probabilities, it.abstained) })
            }
        }
}

/** What a head says of one text: a probability per label. What is no number counts as 0. */
internal class Distribution(val labels: List<String>, private val probabilities: FloatArray, val abstained: Boolean) {
    /** The likeliest; the first of equals. */
    val top: String get() = labels[labels.indices.maxBy(::at)]

    fun of(label: String): Double = labels.indexOf(label).let { if (it < 0) 0.0 else at(it) }

    fun of(some: Collection<String>): Double = some.sumOf(::of).coerceIn(0.0, 1.0)

    /** Shannon entropy in nats, over the labels: 0 where one is certain, `ln n` where all are alike. */
    val entropy: Double get() = -labels.indices.sumOf { at(it).let { p -> if (p > 0.0) p * ln(p) else 0.0 } }

    /** [entropy] in 0..1, whatever the number of labels. */
    val normalisedEntropy: Double get() = if (labels.size < 2) 0.0 else (entropy / ln(labels.size.toDouble())).coerceIn(0.0, 1.0)

    private fun at(index: Int): Double = decimal(probabilities[index])
}

/**
 * A probability as the decimal that was meant: without this, `0.7` of a head would lie below a threshold of `0.7`. What is no
 * number counts as 0.
 */
internal fun decimal(probability: Float): Double =
    if (probability.isFinite()) (Math.rint(probability * DECIMALS) / DECIMALS).coerceIn(0.0, 1.0) else 0.0

private const val DECIMALS = 1e7

/** A head that gives vectors, asked for one shape of them. */
internal class VectorHead(val named: NamedHead, val shape: VectorShape) {
    val ref: HeadRef get() = named.ref

    fun passage(text: String) = Passage(text, setOf(ref), vector = shape)

    fun exemplars(texts: List<String>) = Exemplars(ref, texts, shape)

    /** Calls [read] with a vector per result, or fails. */
    fun read(results: List<PassageResult>, read: (List<FloatArray>) -> Reading): Reading =
        readAnswers<HeadResult.Vector>(results, ref) { answers -> read(answers.map { it.values }) }
}

/** The head that an external model becomes for this question. */
internal fun LabelQuestion.named() = NamedHead(ref, head)

/** Two names of one label: case, and what stands between its words, do not count. */
internal fun isSameLabel(a: String, b: String): Boolean = plain(a) == plain(b)

private fun plain(label: String): String = label
    .trim()
    .lowercase()
    .replace('_', ' ')
    .replace('-', ' ')

/** The newest user message as the one passage for [head]; none where there is no text. */
internal fun aloneOf(facts: Facts, head: LabelHead): List<Passage> =
    if (facts.userText.isBlank()) emptyList() else listOf(head.passage(facts.userText))

/** The label by which conditions ask whether a head would rather not say. */
internal const val ABSTAIN = "abstain"

/** A part that holds or does not. */
internal fun flag(holds: Boolean): Reading.Seen = if (holds) Reading.Seen(true, value = 1.0) else Reading.Seen(false, 0.0, 0.0)

/** A part that is a number, for predicates. */
internal fun measured(value: Double): Reading.Seen = Reading.Seen(false, 0.0, value)
