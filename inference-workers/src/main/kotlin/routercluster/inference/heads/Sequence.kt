package routercluster.inference.heads

import routercluster.inference.folder.HeadSpec
import routercluster.inference.folder.Join
import routercluster.inference.read.Question
import routercluster.inference.read.Reading
import routercluster.inference.text.Window
import routercluster.policy.encode.HeadResult

internal fun labelsOf(question: Question, readings: List<Reading>): HeadResult {
    val spec = question.spec
    val joined =
        when (spec.join) {
            Join.MEAN -> weightedMean(probabilitiesByWindow(question, readings.first()), readings.first().windows)
            Join.WORST -> worst(readings.flatMap { probabilitiesByWindow(question, it) }, spec)
        }
    return HeadResult.Labels(joined, abstained = joined.max() < spec.abstainsBelow)
}

/** A document answers a query as well as its best part does. */
internal fun scoreOf(question: Question, reading: Reading): HeadResult =
    HeadResult.Score(probabilitiesByWindow(question, reading).maxOf(FloatArray::last))

private fun probabilitiesByWindow(question: Question, reading: Reading): List<FloatArray> =
    reading.found.map { finding ->
        val logits = finding.getValue(question.want)
        question.spec.probabilities(logits, 0, logits.size)
    }

private fun worst(windows: List<FloatArray>, spec: HeadSpec): FloatArray {
    val positive = spec.head.labels.indices
        .filter { spec.head.labels[it] in spec.head.positive }
    return windows.maxBy { probabilities -> positive.sumOf { probabilities[it].toDouble() } }
}

/** Each window counts by the tokens that it is the first to read, so that overlaps count once. */
internal fun weightedMean(rows: List<FloatArray>, windows: List<Window>): FloatArray {
    if (rows.size == 1) return rows.single()
    val mean = FloatArray(rows.first().size)
    val whole = windows.sumOf(::weight).toFloat()
    rows.forEachIndexed { i, row ->
        val share = weight(windows[i]) / whole
        for (k in mean.indices) mean[k] += share * row[k]
    }
    return mean
}

private fun weight(window: Window): Int = maxOf(1, window.first.fresh + (window.second?.fresh ?: 0))
