package routercluster.gateway.encode.remote

import com.fasterxml.jackson.databind.JsonNode
import routercluster.policy.encode.HeadResult
import kotlin.math.abs

/** How far probabilities may be from a sum of 1; the seed's bound. */
private const val SUM_TOLERANCE = 0.02f

/** [rows] by their `index`, each of which must be there once. */
internal fun inOrder(rows: JsonNode, read: (JsonNode) -> HeadResult): List<HeadResult> {
    val byIndex = rows.associateBy { it.path("index").asInt(-1) }
    return List(rows.size()) { read(byIndex[it] ?: throw malformed("has no entry for text $it")) }
}

/** A vector as it came, [dimensions] finite numbers. */
internal fun vectorIn(row: JsonNode, dimensions: Int): HeadResult.Vector {
    if (!row.isArray || row.size() != dimensions) throw malformed("has a vector of ${row.size()} numbers, and the policy says $dimensions")
    val values = FloatArray(dimensions) { row[it].let { number -> if (number.isNumber) number.floatValue() else Float.NaN } }
    if (values.any { !it.isFinite() }) throw malformed("has a vector with something that is no finite number")
    return HeadResult.Vector(values)
}

internal fun probabilityIn(value: JsonNode): Float {
    val number = if (value.isNumber) value.floatValue() else Float.NaN
    if (!(number >= 0f && number <= 1f)) throw malformed("has a score that is no number from 0 to 1")
    return number
}

/** A list of `{label, score}` that must hold each of [labels] once and no other. */
internal fun distributionIn(rows: JsonNode, labels: List<String>): HeadResult.Labels {
    if (!rows.isArray || rows.size() != labels.size) throw malformed("has ${rows.size()} labels, and the policy says ${labels.size}")
    val found = HashMap<String, Float>()
    for (row in rows) {
        val label = row.path("label").textValue()
        if (label !in labels) throw malformed("has a label that the policy does not know; known are ${labels.joinToString()}")
        if (found.put(label, probabilityIn(row.path("score"))) != null) throw malformed("has the label $label twice")
    }
    return distribution(FloatArray(labels.size) { found.getValue(labels[it]) })
}

/** @param probabilities which should sum to 1 */
internal fun distribution(probabilities: FloatArray): HeadResult.Labels {
    if (abs(probabilities.sum() - 1f) > SUM_TOLERANCE) throw malformed("has probabilities that do not sum to 1")
    return HeadResult.Labels(probabilities)
}
