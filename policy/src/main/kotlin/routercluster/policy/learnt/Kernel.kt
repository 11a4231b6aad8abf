package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode
import kotlin.math.exp

/**
 * A least-squares support vector machine a model (Suykens and Vandewalle, 1999), on landmarks in the place of all requests (Nyström; Williams
 * and Seeger, 2001): quality = bias + sum over landmarks of weight * k(landmark, point), with k = exp(-gamma * squared distance), or the
 * inner product where the kernel is linear.
 *
 * @property gamma null for the linear kernel
 * @property landmarks a row each
 * @property weights a row a landmark, a column a model
 */
class Kernel(val gamma: Double?, val landmarks: Matrix, val weights: Matrix, val bias: FloatArray) : Estimator {
    private val byColumn = Columns(landmarks)

    override fun forecast(point: FloatArray): Forecast {
        val quality = DoubleArray(bias.size) { bias[it].toDouble() }
        similarities(byColumn, point, gamma).forEachIndexed { landmark, near ->
            for (model in quality.indices) quality[model] += near * weights[landmark, model]
        }
        return Forecast(quality)
    }

    override fun write(json: ObjectNode) {
        json.put("kernel", if (gamma == null) "linear" else "rbf")
        gamma?.let { json.put("gamma", it) }
        json.putMatrix("landmarks", landmarks)
        json.putMatrix("weights", weights)
        json.putVector("bias", bias)
    }

    companion object {
        /** Of [point] to each landmark. */
        internal fun similarities(landmarks: Columns, point: FloatArray, gamma: Double?): DoubleArray =
            if (gamma == null) {
                landmarks.dots(point).let { near -> DoubleArray(near.size) { near[it].toDouble() } }
            } else {
                landmarks.distances(point).let { far -> DoubleArray(far.size) { exp(-gamma * far[it]) } }
            }

        fun read(part: ArtifactPart, shape: Shape): Kernel {
            val gamma =
                when (val kernel = part.text("kernel")) {
                    "rbf" -> part.number("gamma")
                    "linear" -> null
                    else -> throw BadArtifact("estimator.kernel is $kernel, not rbf or linear")
                }
            val landmarks = part.matrix("landmarks", shape.features)
            return Kernel(gamma, landmarks, part.matrix("weights", shape.models, landmarks.rows), part.vector("bias", shape.models))
        }
    }
}
