package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode
import kotlin.math.exp

/**
 * A network with one hidden layer: quality = sigmoid(output * max(0, hidden * point + hiddenBias) + outputBias), one output a model.
 *
 * @property hidden a row a hidden unit
 * @property output a row a model
 */
class Perceptron(val hidden: Matrix, val hiddenBias: FloatArray, val output: Matrix, val outputBias: FloatArray) : Estimator {
    private val byColumn = Columns(hidden)

    override fun forecast(point: FloatArray): Forecast {
        val active = byColumn.dots(point).also { sums -> for (unit in sums.indices) sums[unit] = maxOf(0f, sums[unit] + hiddenBias[unit]) }
        return Forecast(DoubleArray(output.rows) { sigmoid(output.dot(it, active) + outputBias[it]) })
    }

    override fun write(json: ObjectNode) {
        json.putMatrix("hidden", hidden)
        json.putVector("hidden_bias", hiddenBias)
        json.putMatrix("output", output)
        json.putVector("output_bias", outputBias)
    }

    companion object {
        internal fun sigmoid(logit: Float): Double = 1.0 / (1.0 + exp(-logit.toDouble()))

        fun read(part: ArtifactPart, shape: Shape): Perceptron {
            val hidden = part.matrix("hidden", shape.features)
            return Perceptron(
                hidden,
                part.vector("hidden_bias", hidden.rows),
                part.matrix("output", hidden.rows, shape.models),
                part.vector("output_bias", shape.models),
            )
        }
    }
}
