package routercluster.inference.heads

import routercluster.inference.folder.Activation
import routercluster.inference.folder.HeadSpec
import kotlin.math.exp

/** Calibrated probabilities of [width] logits that begin at [at]. Logits that are no numbers count as the smallest. */
internal fun HeadSpec.probabilities(logits: FloatArray, at: Int, width: Int): FloatArray {
    val scaled = FloatArray(width) { k -> logits[at + k].let { if (it.isNaN()) -Float.MAX_VALUE else it / temperature } }
    return when (activation) {
        Activation.SIGMOID -> FloatArray(width) { sigmoid(scaled[it]) }
        Activation.SOFTMAX -> softmax(scaled)
    }
}

private fun sigmoid(value: Float): Float = (1.0 / (1.0 + exp(-value.toDouble()))).toFloat()

/** Shifted by the largest, so that nothing overflows. */
private fun softmax(values: FloatArray): FloatArray {
    val largest = values.max()
    var sum = 0.0
    val powers = DoubleArray(values.size) { k -> exp((values[k] - largest).toDouble()).also { sum += it } }
    return FloatArray(values.size) { (powers[it] / sum).toFloat() }
}
