package routercluster.policy.decisions

/** [OPEN] is not known yet; [BLOCKED] rests on a signal that failed and whose error policy refuses the request. */
enum class Truth { FALSE, TRUE, OPEN, BLOCKED }

/**
 * Where one decision stands.
 *
 * @property confidence 0..1, meaningful for [Truth.TRUE]
 */
data class Verdict(val decision: String, val truth: Truth, val confidence: Double)
