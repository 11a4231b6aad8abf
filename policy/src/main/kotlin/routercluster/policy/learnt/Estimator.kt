package routercluster.policy.learnt

import com.fasterxml.jackson.databind.node.ObjectNode

/**
 * What is expected of each model for one request, in the order of the artifact's models.
 *
 * @property quality 0, bad, to 1, good; a fit may leave this range by a little
 * @property cost of an answer, in the unit of the training data; null where the artifact's means stand for all requests
 */
class Forecast(val quality: DoubleArray, val cost: DoubleArray? = null)

/** The learnt part of a selector. Immutable; the same point gives the same forecast. */
interface Estimator {
    /** @param point as [Features] makes it */
    fun forecast(point: FloatArray): Forecast

    fun write(json: ObjectNode)
}

/** What all estimators of an artifact are read with. */
class Shape(val features: Int, val models: Int)
