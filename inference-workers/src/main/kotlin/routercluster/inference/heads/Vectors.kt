package routercluster.inference.heads

import routercluster.inference.read.Question
import routercluster.inference.read.Reading
import routercluster.policy.encode.HeadResult
import kotlin.math.sqrt

/** The mean of the windows' vectors as they come, cut to the dimensions that were asked for, of unit length. */
internal fun vectorOf(question: Question, reading: Reading): HeadResult {
    val windows = reading.found.map { it.getValue(question.want) }
    val whole = if (windows.size == 1) windows.single() else weightedMean(windows, reading.windows)
    val kept = question.vector.dimensions?.let(whole::copyOf) ?: whole
    if (kept.any { !it.isFinite() }) return HeadResult.Failed("the network gave numbers that are not finite")
    return HeadResult.Vector(unit(kept))
}

/** A vector of zeros stays what it is. */
private fun unit(vector: FloatArray): FloatArray {
    val length = sqrt(vector.sumOf { it.toDouble() * it })
    return if (length == 0.0) vector else FloatArray(vector.size) { (vector[it] / length).toFloat() }
}
