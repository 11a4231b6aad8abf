package routercluster.policy.selectors

import routercluster.policy.config.Section
import java.time.Duration

/**
 * Bounds beyond which a candidate is not picked while another is within; null is no bound. What is not known is within.
 *
 * @property costPerMillionMax price of a million tokens, see [Prices]
 * @property inFlightMax requests under way at the model
 */
data class ServiceLevels(
    val perTokenMillisMax: Double? = null,
    val firstByteMillisMax: Double? = null,
    val costPerMillionMax: Double? = null,
    val inFlightMax: Int? = null,
) {
    /**
     * Which bound is broken, in words; null where none is.
     *
     * @param price of a million tokens
     */
    internal fun excess(perToken: Duration?, firstByte: Duration?, price: Double?, inFlight: Int): String? {
        val each = perToken?.millis()
        val first = firstByte?.millis()
        return when {
            isAbove(each, perTokenMillisMax) -> "${shown(each)} ms a token, at most $perTokenMillisMax"
            isAbove(first, firstByteMillisMax) -> "first token in ${shown(first)} ms, at most $firstByteMillisMax"
            isAbove(price, costPerMillionMax) -> "costs ${shown(price)} a million tokens, at most $costPerMillionMax"
            isAbove(inFlight.toDouble(), inFlightMax?.toDouble()) -> "$inFlight under way, at most $inFlightMax"
            else -> null
        }
    }

    private fun isAbove(value: Double?, bound: Double?) = value != null && bound != null && value > bound

    private fun shown(value: Double?) = value?.let { rounded(it, 2) }

    internal companion object {
        fun read(section: Section?) =
            ServiceLevels(
                section?.double("max_tpot_ms", BOUNDS),
                section?.double("max_ttft_ms", BOUNDS),
                section?.double("max_cost_per_1m", BOUNDS),
                section?.int("max_inflight", 0..1_000_000_000),
            )

        val BOUNDS = 0.0..1e9
    }
}

/** What happens where every candidate is beyond the bounds. */
enum class NoneWithin { CHEAPEST, FASTEST, FIRST, FAIL }
