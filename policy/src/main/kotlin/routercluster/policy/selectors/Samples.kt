package routercluster.policy.selectors

import routercluster.policy.outcomes.LatencySketch
import routercluster.policy.outcomes.Performance
import java.time.Duration

/** Measured answers, or attempts, below which figures of them say nothing. */
internal const val SAMPLES_MIN = 3

/** Null where too few answers were measured; [percentile] is 1..100. */
internal fun LatencySketch.known(percentile: Int): Duration? = if (count >= SAMPLES_MIN) percentile(percentile) else null

/** Whether all attempts failed, of enough to tell. */
internal val Performance.isFailing: Boolean get() = attempts >= SAMPLES_MIN && successShare == 0.0
