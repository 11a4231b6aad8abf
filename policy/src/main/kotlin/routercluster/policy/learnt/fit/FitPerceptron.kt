package routercluster.policy.learnt.fit

import routercluster.policy.learnt.Matrix
import routercluster.policy.learnt.Perceptron
import kotlin.math.ln
import kotlin.math.pow
import kotlin.math.sqrt
import kotlin.random.Random

/** @property decay share of a weight that each step takes away, over the rate */
internal data class PerceptronSettings(val hidden: Int, val epochs: Int, val decay: Double)

private const val RATE = 2e-3f
private const val BATCH = 64

/**
 * Cross-entropy of the quality of models that were asked, by Adam with decoupled decay (Kingma and Ba, 2015; Loshchilov and Hutter, 2019). The
 * output begins at each model's mean.
 */
internal fun fitPerceptron(set: TrainingSet, settings: PerceptronSettings, random: Random): Perceptron {
    val spread = sqrt(set.points.values.sumOf { it.toDouble() * it } / set.points.values.size).toFloat().coerceAtLeast(1e-6f)
    val hidden = Weights(settings.hidden, set.points.columns, sqrt(2f / set.points.columns) / spread, random)
    val output = Weights(set.models, settings.hidden, sqrt(1f / settings.hidden) * OUTPUT_START, random)
    set.means.forEachIndexed { model, mean -> output.bias[model] = logit(mean) }
    val order = IntArray(set.rows) { it }
    var step = 0
    repeat(settings.epochs) {
        order.shuffle(random)
        for (start in order.indices step BATCH) {
            val batch = order.copyOfRange(start, minOf(start + BATCH, order.size))
            batch.forEach { addGradient(set, it, hidden, output, batch.size) }
            step++
            listOf(hidden, output).forEach { it.descend(step, settings.decay.toFloat()) }
        }
    }
    return Perceptron(hidden.matrix, hidden.bias, output.matrix, output.bias)
}

/** Of the first outputs, against those of a layer that keeps the spread of its input. */
private const val OUTPUT_START = 0.1f

private fun logit(share: Double): Float = share.coerceIn(0.01, 0.99).let { ln(it / (1 - it)).toFloat() }

private fun addGradient(set: TrainingSet, row: Int, hidden: Weights, output: Weights, batch: Int) {
    val point = set.points.row(row)
    val active = FloatArray(hidden.matrix.rows) { maxOf(0f, hidden.matrix.dot(it, point) + hidden.bias[it]) }
    val back = FloatArray(active.size)
    for (model in 0 until set.models) {
        val quality = set.quality[row, model]
        if (quality.isNaN()) continue
        val error = (Perceptron.sigmoid(output.matrix.dot(model, active) + output.bias[model]).toFloat() - quality) / batch
        for (unit in active.indices) back[unit] += error * output.matrix[model, unit]
        output.add(model, active, error)
    }
    for (unit in active.indices) if (active[unit] > 0f) hidden.add(unit, point, back[unit])
}

/** A layer's weights with their gradient and Adam's two means. */
private class Weights(rows: Int, columns: Int, start: Float, random: Random) {
    val matrix = Matrix(rows, columns, FloatArray(rows * columns) { (2 * random.nextFloat() - 1) * start * UNIFORM })
    val bias = FloatArray(rows)
    private val ofMatrix = Adam(matrix.values)
    private val ofBias = Adam(bias)

    fun add(row: Int, input: FloatArray, error: Float) {
        val start = row * input.size
        for (i in input.indices) ofMatrix.gradient[start + i] += error * input[i]
        ofBias.gradient[row] += error
    }

    fun descend(step: Int, decay: Float) {
        ofMatrix.descend(step, decay)
        ofBias.descend(step, 0f)
    }

    private companion object {
        /** Half the width of a uniform distribution with a spread of 1. */
        const val UNIFORM = 1.7320508f
    }
}

private class Adam(private val weights: FloatArray) {
    val gradient = FloatArray(weights.size)
    private val mean = FloatArray(weights.size)
    private val square = FloatArray(weights.size)

    /** One step down [gradient], which is then nothing. */
    fun descend(step: Int, decay: Float) {
        val meanLeft = 1 - MEAN_KEPT.pow(step)
        val squareLeft = 1 - SQUARE_KEPT.pow(step)
        for (i in weights.indices) {
            mean[i] = MEAN_KEPT * mean[i] + (1 - MEAN_KEPT) * gradient[i]
            square[i] = SQUARE_KEPT * square[i] + (1 - SQUARE_KEPT) * gradient[i] * gradient[i]
            weights[i] -= RATE * (mean[i] / meanLeft / (sqrt(square[i] / squareLeft) + TINY) + decay * weights[i])
            gradient[i] = 0f
        }
    }

    private companion object {
        const val MEAN_KEPT = 0.9f
        const val SQUARE_KEPT = 0.999f
        const val TINY = 1e-8f
    }
}
