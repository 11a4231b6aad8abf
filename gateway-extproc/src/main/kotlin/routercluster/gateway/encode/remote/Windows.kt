package routercluster.gateway.encode.remote

import routercluster.policy.catalog.RemoteBounds
import routercluster.policy.encode.Coverage
import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Spent
import routercluster.policy.encode.VectorShape
import routercluster.policy.encode.pieces
import kotlin.math.sqrt

/** The windows that a passage's text is read in; a pair is read as it is, for cutting it would tear apart what belongs together. */
internal class Windows(val inputs: List<Input>, val coverage: Coverage)

internal fun windowsOf(passage: Passage, takesPair: Boolean, bounds: RemoteBounds): Windows {
    val text = passage.text
    val length = text.length
    if (takesPair || length <= bounds.windowCharacters) {
        return Windows(listOf(Input(text, passage.pair.takeIf { takesPair })), coverage(1, length, length))
    }
    val all = pieces(text, bounds.windowCharacters, bounds.windowCharacters / OVERLAP_DIVISOR)
    val read = all.take(bounds.windowsMax)
    val end = if (read.size == all.size) length else read.last().let { it.offset + it.text.length }
    // A text of nothing but blanks has no pieces.
    return Windows(read.map { Input(it.text) }.ifEmpty { listOf(Input("")) }, coverage(maxOf(1, read.size), end, length))
}

/** Tokens are the service's affair; four characters are taken for one. */
private fun coverage(windows: Int, read: Int, length: Int) = Coverage(windows, read / CHARACTERS_PER_TOKEN, read, length)

internal const val CHARACTERS_PER_TOKEN = 4
private const val OVERLAP_DIVISOR = 16

/**
 * One answer for all windows of a text: of labels that mean a threat the worst window's, of others the mean weighted by length; of
 * vectors that mean too, in the [shape] that was asked for and of unit length.
 *
 * @param answers one per window
 */
internal fun pooled(head: Head, shape: VectorShape, windows: Windows, answers: List<HeadResult>): HeadResult {
    answers.firstOrNull { it is HeadResult.Failed }?.let { return it }
    val vectors = answers.filterIsInstance<HeadResult.Vector>().map { it.values }
    val labels = answers.filterIsInstance<HeadResult.Labels>()
    val weights = windows.inputs.map { maxOf(1, it.text.length) }
    return when {
        vectors.size == answers.size -> unit(mean(vectors, weights), shape.dimensions)
        labels.size != answers.size -> answers.first()
        head.positive.isNotEmpty() -> labels.maxBy { threat(head, it) }
        else -> HeadResult.Labels(mean(labels.map { it.probabilities }, weights), labels.all { it.abstained }, spent(labels))
    }
}

/** Null where a window's model did not say. */
private fun spent(labels: List<HeadResult.Labels>): Spent? {
    val all = labels.map { it.spent ?: return null }
    return Spent(all.sumOf { it.promptTokens }, all.sumOf { it.completionTokens })
}

private fun threat(head: Head, answer: HeadResult.Labels): Float =
    head.labels.indices
        .filter { head.labels[it] in head.positive }
        .map { answer.probabilities[it] }
        .sum()

private fun mean(rows: List<FloatArray>, weights: List<Int>): FloatArray {
    if (rows.size == 1) return rows.single()
    val total = weights.sum().toDouble()
    return FloatArray(rows.first().size) { i -> (rows.indices.sumOf { rows[it][i].toDouble() * weights[it] } / total).toFloat() }
}

/** The leading [kept] dimensions, of unit length. */
private fun unit(vector: FloatArray, kept: Int?): HeadResult {
    val cut = kept?.let(vector::copyOf) ?: vector
    val length = sqrt(cut.sumOf { it.toDouble() * it })
    if (length == 0.0 || !length.isFinite()) return HeadResult.Failed("the service gave a vector without a direction")
    return HeadResult.Vector(FloatArray(cut.size) { (cut[it] / length).toFloat() })
}
