package routercluster.mock.encoder

import routercluster.policy.encode.Head
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Passage
import routercluster.policy.encode.Span
import routercluster.policy.encode.Task
import kotlin.math.sqrt

/**
 * What a reader would find who knows nothing but the words: a label is likely where its name stands in the text, texts are alike that
 * share words. The last label is the one of texts that name none.
 */
fun byWords(passage: Passage, head: Head): HeadResult =
    when (head.task) {
        Task.SEQ_CLS -> labels(passage.text, head.labels)
        Task.TOKEN -> spans(passage.pair ?: passage.text, head.labels)
        Task.EMBED -> HeadResult.Vector(vector(passage.text, passage.vector.dimensions ?: head.dimensions))
        Task.RERANK -> HeadResult.Score(likeness(passage.text, passage.pair.orEmpty()))
        Task.NLI -> labels(passage.pair.orEmpty(), head.labels)
    }

private const val SURE = 0.95f

private fun labels(text: String, labels: List<String>): HeadResult {
    val lower = text.lowercase()
    val named = labels.indexOfFirst { it.lowercase() in lower }
    val best = if (named >= 0) named else labels.lastIndex
    val rest = if (labels.size > 1) (1 - SURE) / (labels.size - 1) else 0f
    return HeadResult.Labels(FloatArray(labels.size) { if (it == best) SURE else rest })
}

private fun spans(text: String, labels: List<String>): HeadResult {
    val lower = text.lowercase()
    val found = labels.mapNotNull { label ->
        val at = lower.indexOf(label.lowercase())
        if (at < 0) null else Span(label, at, at + label.length, SURE)
    }
    return HeadResult.Spans(found.sortedBy { it.start })
}

private val word = Regex("""\w+""")

private fun words(text: String): List<String> = word.findAll(text.lowercase()).map { it.value }.toList()

/** A word adds one to the place that its hash names. */
private fun vector(text: String, dimensions: Int): FloatArray {
    val sums = FloatArray(dimensions)
    for (it in words(text)) sums[Math.floorMod(it.hashCode(), dimensions)] += 1f
    val length = sqrt(sums.sumOf { (it * it).toDouble() }).toFloat()
    if (length == 0f) sums[0] = 1f else for (i in sums.indices) sums[i] /= length
    return sums
}

private fun likeness(a: String, b: String): Float {
    val (one, other) = words(a).toSet() to words(b).toSet()
    val all = (one + other).size
    return if (all == 0) 0f else one.intersect(other).size.toFloat() / all
}
