package routercluster.policy.learnt.fit

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.Features
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.LearntModel
import routercluster.policy.learnt.Matrix
import kotlin.random.Random

/**
 * What a model's answer was worth.
 *
 * @property quality 0, bad, to 1, good
 * @property cost in whatever unit the data has, from 0; null where that is not known
 */
data class Worth(val quality: Double, val cost: Double? = null)

/** A request that models answered. */
class JudgedRequest(val embedding: FloatArray, val read: ReadRequest, val outcomes: Map<String, Worth>)

/**
 * @property seed of all that is left to chance
 * @property card what the artifact's card says of the data; settings and figures of the fit are added
 */
class TrainingTask(
    val kind: LearntKind,
    val requests: List<JudgedRequest>,
    val domains: List<String>,
    val fixed: Fixed,
    val seed: Int,
    val card: ObjectNode,
)

/** Requests below which an artifact would say nothing. */
const val REQUESTS_MIN = 20

/**
 * Fits an artifact. The same task gives the same artifact, on the same kind of machine to the last bit.
 *
 * @param progress told what is being done
 */
fun train(task: TrainingTask, progress: (String) -> Unit): Artifact {
    require(task.requests.size >= REQUESTS_MIN) { "${task.requests.size} requests are too few, $REQUESTS_MIN are needed" }
    val models = task.requests.flatMapTo(sortedSetOf()) { it.outcomes.keys }.toList()
    progress("axes of ${task.requests.size} embeddings")
    val features = fitFeatures(task.requests, task.domains, Random(task.seed))
    val set = trainingSet(task.requests, models, features)
    val fitted = fit(task.kind, set, task.fixed, task.seed, progress)
    val card = task.card.deepCopy()
    card
        .put("requests", set.rows)
        .put("seed", task.seed)
        .put("settings", fitted.settings)
    val errors = card.putObject("cross_validated_error")
    fitted.errors.forEach { (settings, error) -> errors.put(settings, error) }
    val known = models.mapIndexed { place, name -> LearntModel(name, set.means[place], set.meanCost(place)) }
    return Artifact(task.kind, card, known, features, fitted.estimator)
}

private fun trainingSet(requests: List<JudgedRequest>, models: List<String>, features: Features): TrainingSet {
    val points = Matrix(requests.size, features.size)
    val quality = Matrix(requests.size, models.size)
    val cost = Matrix(requests.size, models.size)
    requests.forEachIndexed { row, request ->
        features.point(request.embedding, request.read.traits).copyInto(points.values, row * features.size)
        models.forEachIndexed { column, model ->
            val worth = request.outcomes[model]
            quality[row, column] = worth?.quality?.toFloat() ?: Float.NaN
            cost[row, column] = worth?.cost?.toFloat() ?: Float.NaN
        }
    }
    return TrainingSet(points, quality, cost)
}
