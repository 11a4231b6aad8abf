package routercluster.policy.selectors

import kotlin.math.pow
import kotlin.math.roundToLong

/** [value] with at most [places] decimals, for reasons; one is written for every candidate of a request, so it has to be quick. */
internal fun rounded(value: Double, places: Int): String {
    val scale = 10.0.pow(places)
    return if (value.isFinite()) ((value * scale).roundToLong() / scale).toString() else value.toString()
}
