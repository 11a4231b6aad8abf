package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * Clusters of known requests, each with the quality and cost that models had in it.
 *
 * A request is told by its [near] nearest clusters: the mean of their figures, each weighed by 1 / (squared distance + [SOFTENING]).
 * With one that is the nearest cluster's own.
 *
 * @property centres a row a cluster
 * @property quality of each model in each cluster, 0..1, drawn towards the model's mean where the cluster is small
 * @property cost likewise, in the unit of the training data; null where it does not say what each model costs
 */
class Clusters(val centres: Matrix, val quality: Matrix, val cost: Matrix?, val near: Int) : Estimator {
    private val byColumn = Columns(centres)

    override fun forecast(point: FloatArray): Forecast {
        val distances = byColumn.distances(point)
        val nearest = distances.indices.sortedBy { distances[it] }.take(near)
        val weights = nearest.map { 1.0 / (distances[it] + SOFTENING) }
        val total = weights.sum()

        fun mean(table: Matrix) =
            DoubleArray(table.columns) { model -> nearest.indices.sumOf { weights[it] * table[nearest[it], model] } / total }
        return Forecast(mean(quality), cost?.let(::mean))
    }

    override fun write(json: ObjectNode) {
        json.put("near", near)
        json.putMatrix("centres", centres)
        json.putMatrix("quality", quality)
        cost?.let { json.putMatrix("cost", it) }
    }

    companion object {
        /** So that a request in the very centre of a cluster is not told by that alone. */
        const val SOFTENING = 1e-3

        private const val CLUSTERS_MAX = 100_000

        fun read(part: ArtifactPart, shape: Shape): Clusters {
            val centres = part.matrix("centres", shape.features)
            if (centres.rows !in 1..CLUSTERS_MAX) throw BadArtifact("estimator.centres has ${centres.rows} rows")
            val near = part.int("near", 1..centres.rows)
            val quality = part.matrix("quality", shape.models, centres.rows)
            return Clusters(centres, quality, if (part.has("cost")) part.matrix("cost", shape.models, centres.rows) else null, near)
        }
    }
}
